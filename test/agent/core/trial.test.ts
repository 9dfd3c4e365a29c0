import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { doneBelow, holdEvent, newOutbox, nextEvent, settleEvent, unsend } from "../../../agent/core/outbox.ts";
import { answered, beginConnection, endConnection, endQuiet, maySend, newTrial, sent } from "../../../agent/core/trial.ts";
import { runs } from "../../runs.ts";

/** `closes` = the event over which the broker ends the connection; `life` and `rtt` = of a connection, in ms. */
interface Network {
  closes?: string;
  life(connection: number): number;
  rtt: number;
}

/** Some connections of an outbox with three events: what came to the broker, and what was set aside. */
function story({ closes, life, rtt }: Network, connections: number): { got: string[]; aside: string[] } {
  const outbox = newOutbox<string>({ count: 10, bytes: 100, window: 5 });
  for (const value of ["a", "b", "c"]) holdEvent(outbox, value, 1, Number.POSITIVE_INFINITY, 0);
  const trial = newTrial();
  const [got, aside]: string[][] = [[], []];
  let now = 0;
  const first = () => outbox.entries[0]?.number;
  for (let connection = 0; connection < connections && outbox.entries.length > 0; connection++) {
    const ends = now + life(connection);
    const quiet = beginConnection(trial, first(), now);
    let interrupted = false;
    if (now + quiet < ends) {
      now += quiet;
      if (quiet > 0) endQuiet(trial);
      for (let closed = false; !closed && now < ends; ) {
        const waves: { number: number; value: string }[] = [];
        while (maySend(trial, outbox.sent)) {
          const event = nextEvent(outbox, Number.POSITIVE_INFINITY, now);
          if (!event) break;
          sent(trial, event.number, now);
          waves.push(event);
        }
        if (waves.length === 0) break;
        now += rtt;
        for (const { number, value } of waves) {
          if (now > ends || value === closes) {
            closed = interrupted = true;
            now = Math.min(now, ends);
            break;
          }
          got?.push(value);
          answered(trial, number);
          settleEvent(outbox, number, false);
        }
      }
    } else now = ends;
    unsend(outbox);
    const entry = outbox.entries[0];
    if ((interrupted || trial.phase !== "free") && endConnection(trial, first(), now) && entry) {
      aside?.push(entry.value);
      answered(trial, doneBelow(outbox));
      settleEvent(outbox, entry.number, true);
    }
    now += 20_000;
  }
  return { got: [...new Set(got)], aside: aside ?? [] };
}

describe("an event on trial", () => {
  it("is set aside when the broker ends three connections over it that lived before, and those behind it come through", () => {
    expect(story({ closes: "b", life: () => 60_000, rtt: 30 }, 5)).toEqual({ got: ["a"], aside: [] });
    expect(story({ closes: "b", life: () => 60_000, rtt: 30 }, 7)).toEqual({ got: ["a", "c"], aside: ["b"] });
  });

  it("is not set aside by a broker that takes its time to end the connection: that may be the network", () => {
    expect(story({ closes: "b", life: () => 60_000, rtt: 1500 }, 100).aside).toEqual([]);
  });

  it("is never set aside by a network that ends every connection after the same time, whatever that is, once it is on trial", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 2, max: 1000 }), (life, rtt) => {
        const { got, aside } = story({ life: (connection) => (connection < 5 ? 1 : life), rtt }, 60);
        expect(aside).toEqual([]);
        if (life > rtt) expect(got).toEqual(["a", "b", "c"]);
      }),
      { numRuns: runs(500) },
    );
  });

  it("goes free with the first connection that ends before it was sent, and is sent at once again", () => {
    const trial = newTrial();
    for (let connection = 0; connection < 3; connection++) {
      expect(beginConnection(trial, 7, 1000)).toBe(0);
      expect(endConnection(trial, 7, 1000)).toBe(false);
    }
    expect(beginConnection(trial, 7, 60_999)).toBe(0);
    expect(beginConnection(trial, 7, 61_000)).toBe(2000);
    expect(maySend(trial, 0)).toBe(false);
    expect(endConnection(trial, 7, 62_000)).toBe(false);
    expect(beginConnection(trial, 7, 62_000)).toBe(0);
    expect(maySend(trial, 3)).toBe(true);
  });
});
