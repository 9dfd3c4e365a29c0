import type { LookupFunction } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { defaultBackoff } from "../../../agent/core/backoff.ts";
import { runs } from "../../runs.ts";
import { startHostile } from "./hostile-broker.ts";
import { probe } from "./link-contract.ts";

// The whole link on a clock that this test turns; what answers and refuses is the kernel.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const minute = 60_000;

/** Each seed has its own numbers in [0, 1). */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Waits in real time, while the clock of the link stands still. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + minute;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A link whose broker is not there until somebody says so. */
async function world(seed: number) {
  const broker = await startHostile("5");
  const next = randoms(seed);
  const drawn: number[] = [];
  const state = { there: false, attempts: 0, ended: 0 };
  const lookup: LookupFunction = (_, __, answer) => {
    state.attempts++;
    // On the other address nobody listens.
    answer(null, [{ address: state.there ? "127.0.0.1" : "127.0.0.2", family: 4 }]);
  };
  const url = `mqtt://broker.test:${broker.port}`;
  const { link, events, options } = probe(url, {
    server: { url, lookup },
    protocol: "5",
    backoff: defaultBackoff,
    network: { read: () => undefined, every: 2 ** 30 },
    random() {
      const random = next();
      drawn.push(random);
      return random;
    },
  });
  options.on.closed = () => state.ended++;
  return {
    link,
    events,
    state,
    drawn,
    /** To the next attempt, and until that has failed or is online. Returns how long the link has waited for it. */
    async nextAttempt(): Promise<number> {
      const [from, { attempts, ended }] = [performance.now(), state];
      while (state.attempts === attempts) {
        if (performance.now() > from + 2 * minute) throw new Error("the link does not try any more");
        vi.advanceTimersToNextTimer();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const waited = performance.now() - from;
      await until(() => state.ended > ended || link.view.online);
      return waited;
    },
    async stop() {
      await link.stop([]);
      await broker.stop();
    },
  };
}

it("tries for ever, with waits of anything between nothing and a bound that doubles from one second to one minute, and is online within one step once the broker is there", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(2 ** 32 - 1), fc.oneof(fc.constant(10), fc.integer({ min: 0, max: 60 })), async (seed, minutes) => {
      const { link, events, state, drawn, nextAttempt, stop } = await world(seed);
      try {
        const appears = performance.now() + minutes * minute;
        link.start();
        await until(() => state.ended === 1);
        const waits: number[] = [];
        while (performance.now() < appears) waits.push(await nextAttempt());
        expect(link.view).toMatchObject({ online: false, problem: expect.stringContaining("nothing listens at broker.test") });
        const bound = (step: number) => Math.min(minute, 1000 * 2 ** step);
        // A timer of 0 ms takes 1.
        expect(waits).toEqual(waits.map((_, step) => Math.max(1, Math.floor((drawn[step] ?? 1) * bound(step)))));
        state.there = true;
        expect(await nextAttempt()).toBeLessThanOrEqual(bound(waits.length));
        expect(link.view.online).toBe(true);
        expect(events).toEqual([expect.stringContaining("nothing listens"), "online 5"]);
      } finally {
        await stop();
      }
    }),
    { numRuns: runs(10) },
  );
});
