import fc from "fast-check";
import { expect, it } from "vitest";
import { Slices } from "../../../agent/shell/slices.ts";

it("work that comes in heaps is all done, in its order, and no turn of the loop begins more than a millisecond of it", () => {
  // Each takes so many µs; some have more done behind them.
  const work = fc.array(fc.record({ takes: fc.nat(900), more: fc.nat(2), laterTurn: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(work, (all) => {
      let now = 0;
      const next: (() => void)[] = [];
      const slices = new Slices(
        () => now / 1000,
        (begin) => next.push(begin),
      );
      const [asked, done]: [number[], number[]] = [[], []];
      let begunAfter: number[] = [];
      let began = 0;
      const add = (takes: number, more: number) => {
        const number = asked.push(asked.length) - 1;
        slices.do(() => {
          begunAfter.push(now - began);
          done.push(number);
          now += takes;
          for (let each = 0; each < more; each++) add(takes, 0);
        });
      };
      const loop = () => {
        expect(begunAfter.every((after) => after < 1000)).toBe(true);
        begunAfter = [];
        began = now;
        const due = next.splice(0);
        expect(due.length).toBeLessThanOrEqual(1);
        for (const begin of due) begin();
      };
      for (const { takes, more, laterTurn } of all) {
        add(takes, more);
        if (laterTurn) loop();
      }
      for (let left = 0; next.length > 0 && left < 1000; left++) loop();
      expect(done).toEqual(asked);
      expect(next).toEqual([]);
    }),
  );
});
