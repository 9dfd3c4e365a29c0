import { describe, expect, it } from "vitest";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const offset = Date.UTC(2026, 10, 2);

function relay(more: { clockSet?: boolean } = {}): World {
  return new World(configOf({ outputs: { lamp: {} } }), { offset, ...more });
}

describe("a command that is refused moves nothing, is answered, counted and remembered", () => {
  it.each([
    ["malformed", "BLINK", false],
    ["malformed", '{"state":"ON","for_ms":-1}', false],
    ["malformed", `{"state":"ON","pad":"${"x".repeat(5000)}"}`, false],
    ["retained", "ON", true],
    ["retained", '{"state":"ON","id":"a-1"}', true],
    ["stale", `{"state":"ON","ts":${offset}}`, false],
    ["stale", `{"state":"ON","ts":"${new Date(offset + 3_600_000).toISOString()}"}`, false],
  ])("%s: %s", (reason, payload, retain) => {
    const world = relay();
    world.now += 60_000;
    expect(world.mqtt("lamp", payload, { retain })).toMatchObject({ ok: false, reason, message: expect.stringMatching(/\w+ \w+/) });
    expect(world.writes).toEqual([]);
    expect(world.state.refused).toBe(1);
    expect(world.outputState("lamp").history.at(-1)).toMatchObject({ state: "REFUSED" });
    expect(world.logs.at(-1)).toMatchObject({ level: "warn", fields: { output: "lamp", reason } });
    expect(world.payloads("pinbus/garage/out/lamp/state")).toEqual(["OFF"]);
  });

  it("does not end a running pulse and does not change the cause", () => {
    const world = relay();
    world.mqtt("lamp", '{"state":"PULSE","for_ms":300,"id":"p"}');
    world.mqtt("lamp", "BLINK");
    world.mqtt("lamp", "OFF", { retain: true });
    expect(world.outputState("lamp").cause.detail).toBe("id p");
    world.advance(1000);
    expect(world.moves).toEqual(["lamp on 1000", "lamp off 1300"]);
  });

  it("takes an empty message for what clears a retained command, and says nothing", () => {
    const world = relay();
    const logs = world.logs.length;
    expect(world.mqtt("lamp", "", { retain: true })).toBeUndefined();
    expect(world.mqtt("lamp", "")).toBeUndefined();
    expect(world.state).toMatchObject({ commands: 0, refused: 0 });
    expect(world.logs.length).toBe(logs);
  });

  it("serves an old command while the clock is not set", () => {
    const world = relay({ clockSet: false });
    world.now += 60_000;
    expect(world.mqtt("lamp", `{"state":"ON","ts":${offset}}`)).toMatchObject({ ok: true });
  });

  it("judges ages by the wall clock as last read", () => {
    const world = relay();
    world.dispatch({ type: "clock-read", offset: offset + 3_600_000, set: true, at: world.now });
    expect(world.mqtt("lamp", `{"state":"ON","ts":${offset + world.now}}`)).toMatchObject({ ok: false, reason: "stale" });
    expect(world.mqtt("lamp", `{"state":"ON","ts":${offset + 3_600_000 + world.now}}`)).toMatchObject({ ok: true });
  });
});

describe("a command with an id", () => {
  it("that comes again gets the first answer and is not served again", () => {
    const world = relay();
    const first = world.mqtt("lamp", '{"state":"TOGGLE","id":"a-1"}');
    world.mqtt("lamp", "OFF");
    expect(world.mqtt("lamp", '{"state":"TOGGLE","id":"a-1"}')).toEqual(first);
    expect(world.isOn("lamp")).toBe(false);
    expect(world.answers).toHaveLength(3);
  });

  it("that failed gets the first answer as well", () => {
    const world = relay();
    world.breakOutput("lamp", true);
    const first = world.mqtt("lamp", '{"state":"ON","id":"a-1"}');
    world.breakOutput("lamp", false);
    expect(world.mqtt("lamp", '{"state":"ON","id":"a-1"}')).toEqual(first);
    expect(world.isOn("lamp")).toBe(false);
  });

  it("keeps its first answer when the broker brings the command back as a retained one", () => {
    const world = relay();
    const first = world.mqtt("lamp", '{"state":"TOGGLE","id":"a-1"}');
    expect(world.mqtt("lamp", '{"state":"TOGGLE","id":"a-1"}', { retain: true })).toMatchObject({ ok: false, reason: "retained" });
    expect(world.mqtt("lamp", '{"state":"TOGGLE","id":"a-1"}')).toEqual(first);
    expect(world.moves).toHaveLength(1);
  });

  it("belongs to its output: the same id elsewhere is another command", () => {
    const world = new World(configOf({ outputs: { lamp: {}, fan: {} } }));
    world.mqtt("lamp", '{"state":"ON","id":"a-1"}');
    world.mqtt("fan", '{"state":"ON","id":"a-1"}');
    expect([world.isOn("lamp"), world.isOn("fan")]).toEqual([true, true]);
  });

  it("goes back to where the command asked, with its correlation", () => {
    const world = relay();
    const correlationData = Uint8Array.of(1, 2, 3);
    world.mqtt("lamp", '{"state":"ON","id":"a-1"}', { responseTopic: "answers/here", correlationData });
    world.mqtt("lamp", '{"state":"ON","id":"a-1"}', { responseTopic: "answers/there" });
    expect(world.answers.map(({ to }) => to)).toEqual([
      { via: "mqtt", responseTopic: "answers/here", correlationData, id: "a-1" },
      { via: "mqtt", responseTopic: "answers/there", correlationData: null, id: "a-1" },
    ]);
  });

  it("keeps a bounded number of answers", () => {
    const world = relay();
    for (let count = 0; count < 1000; count++) world.mqtt("lamp", `{"state":"TOGGLE","id":"c-${count}"}`);
    expect(world.outputState("lamp").answers.size).toBeLessThanOrEqual(64);
    world.mqtt("lamp", '{"state":"TOGGLE","id":"c-999"}');
    expect(world.moves).toHaveLength(1000);
  });
});
