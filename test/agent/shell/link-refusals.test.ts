import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Refusals } from "../../../agent/shell/link-refusals.ts";

const minute = 60_000;

function make(retained: readonly string[] = []) {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  let changes = 0;
  const refusals = new Refusals({ isRetained: (topic) => retained.includes(topic), changed: () => changes++ });
  const refuse = (topic: string, kind: "state" | "event" | "answer" = "event") => refusals.refused({ topic, kind }, "code 0x87");
  return { refusals, refuse, changes: () => changes };
}
const sentence = (topic: string) => `the broker refuses the publication of ${topic} (code 0x87): allow this client to publish there`;

describe("what the broker refuses", () => {
  it("is counted for each topic", () => {
    const { refusals, refuse } = make();
    expect(["a", "a", "a", "b", "b"].map((topic) => refuse(topic))).toEqual([1, 2, 3, 1, 2]);
    expect(refusals.accepted("a")).toBe(true);
    expect(refusals.accepted("a")).toBe(false);
    expect(["a", "b"].map((topic) => refuse(topic))).toEqual([1, 3]);
    expect(refusals.sentence).toBe(`${sentence("b")} (this topic and 1 other)`);
  });

  it("is no fault of this node when it is an answer, and counted for all of them", () => {
    const { refusals, refuse } = make();
    expect(["a", "b", "a"].map((topic) => refuse(topic, "answer"))).toEqual([1, 2, 3]);
    expect(refusals.sentence).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is bounded: of more topics only the number is known", () => {
    const { refusals, refuse } = make();
    const times = Array.from({ length: 1000 }, (_, index) => refuse(`e${index}`));
    expect(times.slice(254, 259)).toEqual([1, 1, 1, 2, 3]);
    expect(refusals.sentence).toContain("(this topic and 255 others)");
    expect(refuse("e0")).toBe(2);
  });

  it("is of no interest ten minutes after the last time", () => {
    const { refusals, refuse, changes } = make();
    refuse("once");
    refuse("again");
    vi.advanceTimersByTime(9 * minute);
    refuse("again");
    expect(changes()).toBe(0);
    vi.advanceTimersByTime(2 * minute);
    expect([changes(), refusals.sentence]).toEqual([1, sentence("again")]);
    vi.advanceTimersByTime(10 * minute);
    expect([changes(), refusals.sentence, vi.getTimerCount()]).toEqual([2, null, 0]);
    expect(refuse("again")).toBe(1);
  });

  it("stays as long as it is missing at the broker", () => {
    const retained = ["lamp"];
    const { refusals, refuse } = make(retained);
    refuse("lamp", "state");
    vi.advanceTimersByTime(60 * minute);
    expect(refusals.sentence).toBe(sentence("lamp"));
    // A reload has removed it.
    retained.pop();
    vi.advanceTimersByTime(minute);
    expect(refusals.sentence).toBeNull();
  });

  it("leaves no timer behind", () => {
    const { refusals, refuse } = make();
    refuse("a");
    expect(vi.getTimerCount()).toBe(1);
    refusals.clear();
    expect(vi.getTimerCount()).toBe(0);
  });
});
