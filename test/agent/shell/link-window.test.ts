import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Publication } from "../../../agent/shell/link.ts";
import { PublishWindow } from "../../../agent/shell/link-window.ts";

function make(inFlight: number, waiting = 10) {
  const written: string[] = [];
  const acks: (() => void)[] = [];
  const socket = { congested: false };
  let most = 0;
  let overdue = 0;
  let replaced = 0;
  const window = new PublishWindow({
    inFlight,
    waiting,
    patience: 1000,
    overdue: () => {
      overdue++;
    },
    congested: () => socket.congested,
    replaced: () => {
      replaced++;
    },
    write: ({ topic, payload, qos }, done) => {
      written.push(`${topic}=${payload}`);
      if (qos === 1) acks.push(() => done(undefined));
      most = Math.max(most, acks.length);
    },
  });
  return { window, written, acks, socket, most: () => most, overdue: () => overdue, replaced: () => replaced };
}
const state = (topic: string, payload: string, qos: 0 | 1 = 1): Publication => ({ topic, payload, qos, retain: true, kind: "state" });
const event = (payload: string, qos: 0 | 1 = 1): Publication => ({ topic: "e", payload, qos, retain: false, kind: "event" });

describe("the publish window", () => {
  it("gets through any number that are refused while they are written", () => {
    const socket = { congested: true };
    const refused: string[] = [];
    const window = new PublishWindow({
      inFlight: 2,
      waiting: 10,
      patience: 1000,
      overdue: () => undefined,
      congested: () => socket.congested,
      write: ({ topic }, done) => {
        refused.push(topic);
        done(new Error("not authorised"));
      },
    });
    const topics = Array.from({ length: 20_000 }, (_, number) => `s${number}`);
    for (const topic of topics) window.push(state(topic, "1"));
    socket.congested = false;
    window.pump();
    expect(refused).toEqual(topics);
  });

  it("writes at once while there is room", () => {
    const { window, written } = make(2);
    for (const payload of ["1", "2"]) expect(window.push(event(payload))).toBe(true);
    expect(written).toEqual(["e=1", "e=2"]);
  });

  it("holds back what the broker may not have yet, and keeps the order, QoS 0 included", () => {
    const { window, written, acks } = make(1);
    window.push(state("a", "1"));
    window.push(event("2"));
    window.push(state("b", "3", 0));
    window.flush();
    expect(written).toEqual(["a=1"]);
    acks.shift()?.();
    expect(written).toEqual(["a=1", "e=2", "b=3"]);
  });

  it("replaces a state that waits by its newer value, in its old place", () => {
    const { window, written, acks, replaced } = make(1);
    for (const publication of [event("0"), state("a", "old"), event("1"), state("a", "new")]) window.push(publication);
    while (acks.length > 0) acks.shift()?.();
    expect(written).toEqual(["e=0", "a=new", "e=1"]);
    expect(replaced(), "told").toBe(1);
    expect(window.empty).toBe(true);
  });

  it("gives history a share of the places, behind everything else, and a new state one at once", () => {
    const { window, written, acks } = make(8);
    const history = (payload: string): Publication => ({ topic: "h", payload, qos: 1, retain: false, kind: "history" });
    for (let count = 0; count < 8; count++) window.push(event(String(count)));
    for (let count = 0; count < 5; count++) window.push(history(String(count)), () => {});
    window.push(event("8"));
    expect(written).toHaveLength(8);
    acks.shift()?.();
    expect(written.slice(8)).toEqual(["e=8"]);
    for (const ack of acks.splice(0)) ack();
    expect(written.slice(9)).toEqual(["h=0", "h=1"]);
    window.push(state("a", "new"));
    expect(written.slice(11)).toEqual(["a=new"]);
    while (acks.length > 0) acks.shift()?.();
    expect(written.slice(12)).toEqual(["h=2", "h=3", "h=4"]);
    expect(window.empty).toBe(true);
  });

  it("tells whoever waits with history that the connection has ended", () => {
    const { window } = make(4);
    const ended: string[] = [];
    for (const payload of ["0", "1", "2"])
      window.push({ topic: "h", payload, qos: 1, retain: false, kind: "history" }, (error) => ended.push(`${payload} ${error?.message}`));
    window.abandon(new Error("over"));
    expect(ended).toEqual(["0 over", "1 over", "2 over"]);
    expect(window.empty).toBe(true);
  });

  it("refuses events beyond its bound, but no state", () => {
    const { window } = make(1, 2);
    const taken = ["0", "1", "2", "3"].map((payload) => window.push(event(payload)));
    expect(taken).toEqual([true, true, true, false]);
    expect(window.push(state("a", "1"))).toBe(true);
  });

  it("tells everybody who waits when the connection ends, once, and writes nothing more", () => {
    const { window, written, acks } = make(1);
    const told: string[] = [];
    for (const payload of ["1", "2"]) window.push(event(payload), (error) => told.push(`${payload} ${error?.message}`));
    window.abandon(new Error("cut"));
    expect(told).toEqual(["1 cut", "2 cut"]);
    for (const ack of acks) ack();
    expect(told).toHaveLength(2);
    expect(written).toEqual(["e=1"]);
    expect(window.empty).toBe(true);
  });

  it("says when one acknowledgement does not come, however many others do", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { window, acks, overdue } = make(5);
    window.push(event("0"));
    acks.shift()?.();
    vi.advanceTimersByTime(900);
    window.push(event("never"));
    for (let second = 0; second < 9; second++) {
      window.push(event(String(second)));
      acks.pop()?.();
      expect(overdue()).toBe(0);
      vi.advanceTimersByTime(100);
    }
    vi.advanceTimersByTime(200);
    expect(overdue()).toBe(1);
    window.abandon(new Error("cut"));
    vi.advanceTimersByTime(10_000);
    expect(overdue()).toBe(1);
  });

  describe("with states of QoS 0", () => {
    const burst = () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"] });
      onTestFinished(() => {
        vi.useRealTimers();
      });
      const made = make(5);
      for (const payload of ["1", "2"]) made.window.push(state("attr", payload, 0));
      made.window.push(state("state", "ON"));
      expect(made.written).toEqual(["state=ON"]);
      return made;
    };

    it("sends them at the end of the turn, behind everything else, each once", () => {
      const { written, replaced } = burst();
      vi.advanceTimersByTime(0);
      expect(written).toEqual(["state=ON", "attr=2"]);
      expect(replaced(), "told").toBe(1);
    });

    it("sends the newest of what changes within a tenth of a second at the end of it", () => {
      const { window, written } = burst();
      vi.advanceTimersByTime(0);
      for (const payload of ["3", "4"]) window.push(state("attr", payload, 0));
      vi.advanceTimersByTime(99);
      expect(written).toHaveLength(2);
      vi.advanceTimersByTime(1);
      expect(written.slice(2)).toEqual(["attr=4"]);
      vi.advanceTimersByTime(100);
      window.push(state("attr", "5", 0));
      vi.advanceTimersByTime(0);
      expect(written.slice(3)).toEqual(["attr=5"]);
    });

    it("lets none wait for another that changes fast", () => {
      const { window, written } = burst();
      vi.advanceTimersByTime(0);
      window.push(state("attr", "3", 0));
      window.push(state("other", "1", 0));
      vi.advanceTimersByTime(0);
      expect(written).toContain("other=1");
    });

    it("sends what it held back before the farewell", () => {
      const { window, written } = burst();
      window.flush();
      expect(written).toEqual(["state=ON", "attr=2"]);
      vi.advanceTimersByTime(1_000);
      expect(written).toHaveLength(2);
    });

    it("lets a newer word there win: what is cleared stays cleared", () => {
      const { window, written } = burst();
      window.push(state("attr", "", 1));
      vi.advanceTimersByTime(1_000);
      expect(written).toEqual(["state=ON", "attr="]);
    });

    it("forgets them when the connection ends: the next one is told everything anew", () => {
      const { window, written } = burst();
      window.abandon(new Error("cut"));
      vi.advanceTimersByTime(1_000);
      expect(written).toEqual(["state=ON"]);
    });
  });

  it("waits for a congested socket", () => {
    const { window, written, socket } = make(10);
    socket.congested = true;
    window.push(event("1", 0));
    expect(written).toEqual([]);
    socket.congested = false;
    window.pump();
    expect(written).toEqual(["e=1"]);
  });

  it("never has more in flight than allowed, loses no event, and ends with the last value of each state", () => {
    const publication = fc.oneof(
      fc.record({ topic: fc.constantFrom("a", "b", "c"), qos: fc.constantFrom(0 as const, 1 as const) }),
      fc.constant("event" as const),
      fc.constant("ack" as const),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(publication, { maxLength: 60 }), (inFlight, steps) => {
        const { window, written, acks, most } = make(inFlight, 1_000);
        const last = new Map<string, string>();
        const events: string[] = [];
        steps.forEach((step, index) => {
          if (step === "ack") acks.shift()?.();
          else if (step === "event") {
            events.push(`e=${index}`);
            window.push(event(String(index)));
          } else {
            last.set(step.topic, String(index));
            window.push(state(step.topic, String(index), step.qos));
          }
        });
        window.flush();
        while (acks.length > 0) acks.shift()?.();
        expect(most()).toBeLessThanOrEqual(inFlight);
        expect(window.empty).toBe(true);
        expect(written.filter((line) => line.startsWith("e="))).toEqual(events);
        for (const [topic, payload] of last) expect(written.findLast((line) => line.startsWith(`${topic}=`))).toBe(`${topic}=${payload}`);
      }),
    );
  });
});
