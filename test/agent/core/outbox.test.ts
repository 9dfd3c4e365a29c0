import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { doneBelow, holdEvent, newOutbox, nextEvent, settleEvent, unsend } from "../../../agent/core/outbox.ts";
import { runs } from "../../runs.ts";

const everything = Number.POSITIVE_INFINITY;

describe("the outbox", () => {
  it("sends as many as its window holds, and the next one for each that is settled", () => {
    const outbox = newOutbox<string>({ count: 10, bytes: 100, window: 2 });
    for (const value of ["a", "b", "c"]) holdEvent(outbox, value, 1, 100, 0);
    const next = () => nextEvent(outbox, everything, 0)?.value;
    expect([next(), next(), next()]).toEqual(["a", "b", undefined]);
    settleEvent(outbox, 2, false);
    expect(next()).toBe("c");
    expect(doneBelow(outbox)).toBe(1);
    settleEvent(outbox, 1, false);
    expect(doneBelow(outbox)).toBe(3);
  });

  it("sends everything that was not acknowledged again, in order, when the connection ended", () => {
    const outbox = newOutbox<string>({ count: 10, bytes: 100, window: 5 });
    for (const value of ["a", "b", "c"]) holdEvent(outbox, value, 1, 100, 0);
    const all = () => ["", "", ""].map(() => nextEvent(outbox, everything, 0)?.value);
    all();
    settleEvent(outbox, 2, false);
    unsend(outbox);
    expect(all()).toEqual(["a", "c", undefined]);
  });

  it("goes no further beyond what a restart knows than its window", () => {
    const outbox = newOutbox<string>({ count: 10, bytes: 100, window: 2 });
    for (const value of ["a", "b", "c", "d"]) holdEvent(outbox, value, 1, 100, 0);
    for (const number of [1, 2]) {
      nextEvent(outbox, 1, 0);
      settleEvent(outbox, number, false);
    }
    expect(nextEvent(outbox, 1, 0)).toBeUndefined();
    expect(nextEvent(outbox, 2, 0)?.value).toBe("c");
    expect(nextEvent(outbox, 2, 0)).toBeUndefined();
  });

  it("drops the oldest that is not with the broker when there are too many, or too many bytes", () => {
    const outbox = newOutbox<string>({ count: 3, bytes: 100, window: 1 });
    holdEvent(outbox, "a", 1, 100, 0);
    nextEvent(outbox, everything, 0);
    for (const value of ["b", "c", "d"]) holdEvent(outbox, value, 1, 100, 0);
    expect(outbox.entries.map(({ value }) => value)).toEqual(["a", "c", "d"]);
    holdEvent(outbox, "large", 99, 100, 0);
    expect(outbox.entries.map(({ value }) => value)).toEqual(["a", "large"]);
    expect(outbox.dropped).toEqual({ expired: 0, full: 3, refused: 0 });
  });

  it("gives up what is too old before what is young, wherever it waits", () => {
    const outbox = newOutbox<string>({ count: 2, bytes: 100, window: 1 });
    holdEvent(outbox, "long", 1, 1000, 0);
    holdEvent(outbox, "short", 1, 10, 0);
    holdEvent(outbox, "new", 1, 1000, 20);
    expect(outbox.entries.map(({ value }) => value)).toEqual(["long", "new"]);
    expect(outbox.dropped).toEqual({ expired: 1, full: 0, refused: 0 });
  });

  it("tells each that waits no more, once, wherever it waited and why ever it goes", () => {
    const outbox = newOutbox<string>({ count: 3, bytes: 100, window: 2 });
    const removed = () => outbox.removed.splice(0);
    for (const [value, ttl] of [
      ["a", 100],
      ["b", 100],
      ["short", 10],
    ] as const)
      holdEvent(outbox, value, 1, ttl, 0);
    for (let count = 0; count < 2; count++) nextEvent(outbox, everything, 0);
    expect(removed()).toEqual([]);
    // Behind two that are with the broker: too old, too many, and too large.
    holdEvent(outbox, "d", 1, 100, 20);
    expect(removed()).toEqual([3]);
    holdEvent(outbox, "e", 1, 100, 20);
    expect(removed()).toEqual([4]);
    holdEvent(outbox, "large", 101, 100, 20);
    expect(removed()).toEqual([5, 6]);
    settleEvent(outbox, 2, true);
    settleEvent(outbox, 1, false);
    settleEvent(outbox, 1, false);
    expect(removed()).toEqual([2, 1]);
  });

  /** A broker that acknowledges in any order, ends connections, and a clock. */
  const step = fc.oneof(
    fc.record({ do: fc.constant("event" as const), ttl: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant("settle" as const), which: fc.nat(4), refused: fc.boolean() }),
    fc.record({ do: fc.constant("cut" as const) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.nat(20) }),
  );

  it("loses nothing without counting it, keeps the order, and stays within its bounds, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (steps, window) => {
        const outbox = newOutbox<number>({ count: 6, bytes: 1000, window });
        let [now, held, settled] = [0, 0, 0];
        let inFlight: number[] = [];
        const expires = new Map<number, number>();
        for (const one of steps) {
          if (one.do === "event") expires.set(holdEvent(outbox, ++held, 1, now + one.ttl, now).number, now + one.ttl);
          else if (one.do === "wait") now += one.ms;
          else if (one.do === "cut") {
            unsend(outbox);
            inFlight = [];
          } else if (inFlight.length > 0) {
            const [number = 0] = inFlight.splice(one.which % inFlight.length, 1);
            settleEvent(outbox, number, one.refused);
            settled += one.refused ? 0 : 1;
          }
          for (let event = nextEvent(outbox, everything, now); event; event = nextEvent(outbox, everything, now)) {
            expect(event.number).toBeGreaterThan(inFlight.at(-1) ?? 0);
            expect(expires.get(event.number)).toBeGreaterThanOrEqual(now);
            inFlight.push(event.number);
          }
          expect(inFlight.length).toBeLessThanOrEqual(window);
          expect(outbox.entries.length).toBeLessThanOrEqual(6);
          expect(outbox.bytes).toBe(outbox.entries.length);
          const { expired, full, refused } = outbox.dropped;
          expect(outbox.entries.length + settled + expired + full + refused).toBe(held);
          expect([...outbox.removed, ...outbox.entries.map(({ number }) => number)].sort((a, b) => a - b)).toEqual([...expires.keys()]);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});
