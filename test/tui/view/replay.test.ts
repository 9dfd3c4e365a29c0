import { expect, test } from "vitest";
import { noon, Scene } from "../scene.ts";
import { golden } from "./golden.ts";

function replay(): Scene {
  const shown = new Scene({ replay: "site.jsonl", readOnly: true, agent: false });
  shown.act({ type: "mqtt-wanted", server: "site.jsonl" });
  shown.act({ type: "mqtt-online", version: "5" });
  shown.message("plant/room1/climate", '{"t":21.4}', true);
  shown.act({ type: "message", topic: "plant/room1/door", payload: Buffer.from("closed"), retain: null, qos: 0 });
  shown.act({ type: "replayed", line: 2, share: 0.42, bad: 0, next: noon + 5000, ended: false });
  shown.keys("o", "j");
  return shown;
}

golden("Replay", replay, []);

const line = (shown: Scene) => shown.draw().lines()[22]?.trim();

test("the header says that it is a replay and the recording's time, the line below where it is", () => {
  const shown = replay();
  expect(shown.draw().lines()[0]).toMatch(/REPLAY 10:46$/);
  expect(line(shown)).toBe("10:46:02.000  x1  line 2, 42 %  next in 5s: , skips  site.jsonl");
  expect(shown.draw().text()).toMatch(/door +R\? closed/);
  shown.act({ type: "replayed", line: 9, share: 1, bad: 2, next: null, ended: true });
  expect(line(shown)).toBe("10:46:02.000  END  line 9, 100 %, 2 bad  site.jsonl");
});

test("space pauses, . steps, > and < change the speed, in every tab", () => {
  const shown = replay();
  expect(shown.keys("space")).toEqual([{ type: "replay", speed: 1, paused: true, step: false, skip: false }]);
  expect(line(shown)).toContain("PAUSED");
  expect(shown.keys("7", "space")).toEqual([{ type: "replay", speed: 1, paused: false, step: false, skip: false }]);
  expect(shown.keys(".")).toEqual([{ type: "replay", speed: 1, paused: true, step: true, skip: false }]);
  expect(shown.keys("space", ">", ">")).toEqual([{ type: "replay", speed: 100, paused: false, step: false, skip: false }]);
  expect(line(shown)).toContain("x100");
  expect(shown.keys(">", ">")).toEqual([{ type: "replay", speed: Number.POSITIVE_INFINITY, paused: false, step: false, skip: false }]);
  expect(line(shown)).toContain("as fast as it goes");
  expect(shown.keys("<", "<", "<", "<")).toEqual([{ type: "replay", speed: 1, paused: false, step: false, skip: false }]);
});

test("a time that nobody would wait for is skipped, which stands there; a comma skips at once", () => {
  const shown = replay();
  const next = (ms: number) => shown.act({ type: "replayed", line: 2, share: 0.42, bad: 0, next: noon + ms, ended: false });
  next(600_000);
  expect(line(shown)).toContain("next in 10m00s: , skips");
  next(600_001);
  expect(line(shown)).toContain("skips to 2026-11-20 10:56:02: , at once");
  expect(shown.keys(",")).toEqual([{ type: "replay", speed: 1, paused: false, step: false, skip: true }]);
  shown.keys(">");
  expect(line(shown), "ten times as fast it is a minute").toContain("next in 10m00s");
  next(7 * 86_400_000);
  expect(line(shown)).toContain("skips to 2026-11-27 10:46:02");
  shown.keys("space");
  expect(line(shown), "while it is paused nothing is").toContain("next in 7d00h: , skips");
});

test("a notice goes after ten seconds, whether the recording's clock stands still or races", () => {
  const shown = replay();
  shown.keys("space", "x");
  for (let second = 0; second < 10; second += 1) shown.act({ type: "tick" });
  expect(line(shown)).toBe("this is a recording already");
  shown.act({ type: "tick" });
  expect(line(shown)).toContain("PAUSED");
  shown.keys("space", ">", ">", "x");
  for (let second = 0; second < 10; second += 1) shown.pass(100_000);
  expect(line(shown)).toBe("this is a recording already");
  shown.pass(100_000);
  expect(line(shown)).toContain("x100");
});

test("in a text field the keys of a replay are text", () => {
  const shown = replay();
  shown.keys("/", "space", ".", ">");
  expect(shown.state.topics.store.filter.text).toBe(" .>");
  expect(shown.state.replay).toMatchObject({ paused: false, speed: 1 });
});

test("nothing can be published, and a recording is not recorded again; the tabs of the agent say what a recording has", () => {
  const shown = replay();
  expect(shown.keys("p")).toEqual([]);
  expect(shown.keys("x")).toEqual([]);
  expect(line(shown)).toBe("this is a recording already");
  shown.keys("2");
  expect(shown.draw().text()).toContain("a recording has messages only: tabs 1, 3 and 7");
});

test("without a replay its keys are the others'", () => {
  const shown = new Scene().online();
  expect(shown.keys(".", ">", "<")).toEqual([]);
  shown.message("plant/door", "1");
  shown.keys("space");
  expect(shown.draw().text()).toContain("v plant");
});
