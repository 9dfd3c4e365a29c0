import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EdgeEvent } from "../../gpio/driver.ts";
import { openSim } from "../../gpio/sim.ts";
import { SimBoard } from "../../gpio/sim-board.ts";
import { pressScript } from "../../gpio/sim-script.ts";
import { eventually } from "../agent/shell/fixture.ts";

const chip = "pinctrl-bcm2711";

function listen(board: SimBoard, offset: number, active: "high" | "low" = "high") {
  const events: EdgeEvent[] = [];
  const handle = openSim(board).openInput(
    { chip, offset, active, bias: active === "low" ? "pull-up" : "pull-down", consumer: "pinbus:test" },
    { edge: (event) => void events.push(event), lost() {}, gone() {} },
  );
  return { events, handle };
}

describe("the simulated board", () => {
  test("has the chips of the real one, in the kernel's order", () => {
    expect(new SimBoard("pi5").chips()).toEqual([
      { label: "gpio-brcmstb@107d508500", name: "gpiochip0", lines: 32 },
      { label: "pinctrl-rp1", name: "gpiochip1", lines: 54 },
    ]);
    expect(new SimBoard("pi1").chips()).toEqual([{ label: "pinctrl-bcm2835", name: "gpiochip0", lines: 54 }]);
  });

  test("an open line follows its pull: the request's, else the one that a Pi has after its reset", () => {
    const board = new SimBoard();
    expect([board.level(chip, 4), board.level(chip, 17)]).toEqual(["high", "low"]);
    const { handle } = listen(board, 17, "low");
    expect(board.level(chip, 17)).toBe("high");
    expect(handle.read()).toBe(false);
    board.press(chip, 17, "low");
    expect(handle.read()).toBe(true);
    board.press(chip, 17, "open");
    expect(handle.read()).toBe(false);
  });

  test("an output keeps its level after its release, as on Raspberry Pi OS, and peek sees it", () => {
    const board = new SimBoard();
    const driver = openSim(board);
    driver.openOutput({ chip, offset: 27, active: "high", initial: true, consumer: "pinbus:lamp" }, { gone() {} });
    driver.close();
    expect(board.level(chip, 27)).toBe("high");
    expect(driver.peek({ chip, offset: 27 }, "high")).toBe(true);
    expect(driver.lines(chip)[27]).toMatchObject({ holder: "", direction: "output" });
  });

  test("a chip that was away has lost its levels and its holders", () => {
    const board = new SimBoard();
    openSim(board).openOutput({ chip, offset: 27, active: "high", initial: true, consumer: "pinbus:lamp" }, { gone() {} });
    board.removeChip(chip);
    expect(() => board.press(chip, 17, "high")).toThrow(/no chip is labelled pinctrl-bcm2711; the chips here are raspberrypi-exp-gpio/);
    board.returnChip(chip);
    board.returnChip(chip);
    expect(board.level(chip, 27)).toBe("low");
    expect(board.chips().map(({ name }) => name)).toEqual(["gpiochip1", "gpiochip2"]);
  });

  test("an edge carries the time of the clock that was passed in", async () => {
    let now = 5e9;
    const board = new SimBoard("pi4", () => now);
    const { events } = listen(board, 17);
    board.press(chip, 17, "high");
    now = 6e9;
    board.press(chip, 17, "low");
    await eventually(() => events.map(({ atNs }) => atNs)).toEqual([5e9, 6e9]);
  });

  test("nothing is delivered before the caller has returned", async () => {
    const board = new SimBoard();
    const { events } = listen(board, 17);
    board.press(chip, 17, "high");
    expect(events).toEqual([]);
    await eventually(() => events).toHaveLength(1);
  });

  test("whatever is pressed, edges alternate, are numbered without a gap and end at the level of the line", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("high", "low", "open"), { maxLength: 40 }),
        fc.constantFrom("high", "low"),
        async (presses, active) => {
          const board = new SimBoard();
          const { events, handle } = listen(board, 17, active);
          const start = handle.read();
          let changes = 0;
          for (const level of presses) {
            const before = board.level(chip, 17);
            board.press(chip, 17, level);
            if (board.level(chip, 17) !== before) changes++;
          }
          while (events.length < changes) await new Promise(setImmediate);
          expect(events.map(({ seqno }) => seqno)).toEqual(events.map((_, i) => i + 1));
          expect(events.map(({ edge }) => edge === "rising")).toEqual(events.map((_, i) => (i % 2 === 0 ? !start : start)));
          expect(handle.read()).toBe(changes % 2 === 0 ? start : !start);
        },
      ),
    );
  });
});

describe("a scripted press", () => {
  test("without bounces is one edge down and one up", () => {
    expect(pressScript({ pressed: "low", forMs: 120 })).toEqual([
      { afterMs: 0, level: "low" },
      { afterMs: 120, level: "high" },
    ]);
  });

  test("with bounces flips each time, ends closed after the bounce and open at the end, in the order of time", () => {
    const press = fc.record({
      pressed: fc.constantFrom("high" as const, "low" as const),
      forMs: fc.integer({ min: 0, max: 500 }),
      bounceMs: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(press, (p) => {
        const steps = pressScript(p);
        expect(steps.map(({ afterMs }) => afterMs)).toEqual(steps.map(({ afterMs }) => afterMs).toSorted((a, b) => a - b));
        expect(steps.every(({ level }, i) => level !== steps[i - 1]?.level)).toBe(true);
        expect(steps[6]).toEqual({ afterMs: p.bounceMs, level: p.pressed });
        expect(steps.at(-1)?.level).not.toBe(p.pressed);
      }),
    );
  });

  test("is played in real time, and each edge carries its scripted time", async () => {
    const board = new SimBoard();
    const { events } = listen(board, 17);
    const script = pressScript({ pressed: "high", forMs: 30, bounceMs: 3 });
    await board.play(chip, 17, script);
    await eventually(() => events).toHaveLength(14);
    const first = events[0]?.atNs ?? 0;
    for (const [i, { atNs }] of events.entries()) expect((atNs - first) / 1e6).toBeCloseTo(script[i]?.afterMs ?? -1, 4);
  });

  test("ends when it is aborted", async () => {
    const stop = new AbortController();
    const playing = new SimBoard().play(chip, 17, pressScript({ pressed: "high", forMs: 60_000 }), stop.signal);
    stop.abort();
    await expect(playing).rejects.toMatchObject({ name: "AbortError" });
  });
});
