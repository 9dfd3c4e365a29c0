import fc from "fast-check";
import { expect, it } from "vitest";
import { addToWindow, type ValueWindow, windowFigure } from "../../../agent/core/value-window.ts";

const reading = fc.record({
  wait: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 100, max: 9000 })),
  value: fc.integer({ min: -50, max: 50 }),
});

it("what is within the window counts, to a 120th of it, and its memory has an end", () => {
  fc.assert(
    fc.property(fc.array(reading, { minLength: 1, maxLength: 400 }), (readings) => {
      const length = 12_000;
      const window: ValueWindow = [];
      const all: { at: number; value: number }[] = [];
      let at = 1000;
      for (const { wait, value } of readings) {
        at += wait;
        all.push({ at, value });
        addToWindow(window, length, value, at);
        // A part of the window is kept or forgotten as a whole.
        const inner = all.filter((one) => one.at > at - length).map((one) => one.value);
        const outer = all.filter((one) => one.at > at - length - length / 120).map((one) => one.value);
        expect(windowFigure(window, "min")).toBeLessThanOrEqual(Math.min(...inner));
        expect(windowFigure(window, "min")).toBeGreaterThanOrEqual(Math.min(...outer));
        expect(windowFigure(window, "max")).toBeGreaterThanOrEqual(Math.max(...inner));
        expect(windowFigure(window, "max")).toBeLessThanOrEqual(Math.max(...outer));
        if (inner.length === outer.length)
          expect(windowFigure(window, "mean")).toBeCloseTo(inner.reduce((sum, one) => sum + one, 0) / inner.length, 9);
        expect(window.length).toBeLessThanOrEqual(122);
      }
    }),
    { numRuns: 100 },
  );
});
