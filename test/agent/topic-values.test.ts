import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { AgentEvent } from "../../agent/core/model.ts";
import { planOf } from "../../agent/core/plan.ts";
import type { ExpressionInput } from "../../agent/expression/terms.ts";
import type { Answered } from "../../agent/expression/thread.ts";
import type { Incoming } from "../../agent/shell/link.ts";
import { TopicValues } from "../../agent/topic-values.ts";
import type { Config, SensorConfig } from "../../config/schema.ts";
import { configOf } from "./core/fixture.ts";
import { printed, wellFormed } from "./core/sniffer.ts";
import { World } from "./core/world.ts";
import { keptLog } from "./shell/fixture.ts";

const number = { unit: null, unit_from: null, type: "number", options: [] } as const;
const value = (path: string): SensorConfig["values"][string] => ({ ...number, options: [], value: path });
const told = (topic: string, values: Record<string, string> = {}, more: Partial<SensorConfig> = {}): Partial<SensorConfig> => ({
  driver: "topic",
  topic,
  path: null,
  values: Object.fromEntries(Object.entries(values).map(([name, path]) => [name, value(path)])),
  ...more,
});

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

function listening(sensors: Record<string, Partial<SensorConfig>>, derive: Parameters<typeof configOf>[0]["derive"] = {}) {
  let config = configOf({ sensors, derive });
  let { plan, state } = new World(config);
  const events: AgentEvent[] = [];
  const asked: { key: string; expressions: readonly string[]; input: ExpressionInput; answered: Answered }[] = [];
  const log = keptLog();
  let now = 1000;
  const values = new TopicValues({
    current: () => ({ config, plan, state }),
    send: (event) => events.push(event),
    expressions: { ask: (key, expressions, input, answered) => asked.push({ key, expressions, input, answered }), dropped: 0 },
    clock: { now: () => now, wall: () => 0 },
    log,
  });
  onTestFinished(() => values.stop());
  return {
    values,
    events,
    asked,
    log,
    say: (topic: string, payload: string | Buffer, more: Partial<Incoming> = {}) =>
      values.take({ topic, payload: Buffer.from(payload), retain: false, qos: 0, ...more }),
    read: () =>
      events.flatMap((event) =>
        event.type === "sensor-read" ? `${plan.sensors[event.sensor]?.id} ${event.values.map((one) => one.value)}` : event.type,
      ),
    reload(next: Config) {
      config = next;
      plan = planOf(next);
      ({ state } = new World(next));
    },
    pass(ms: number) {
      now += ms;
      vi.advanceTimersByTime(ms);
    },
  };
}

describe("a message", () => {
  it("gives its values to every sensor that listens to its topic, by whatever filter", () => {
    const { say, read } = listening({
      one: told("tele/tent/SENSOR", { humidity: "SCD30.Humidity" }),
      all: told("tele/+/SENSOR", { light: "ANALOG.A0", co2: "SCD30.CarbonDioxide" }),
      rest: told("tele/#", { warm: "SCD30.Temperature" }),
      other: told("stat/+/SENSOR", { light: "ANALOG.A0" }),
    });
    expect(say("tele/tent/SENSOR", wellFormed)).toBe(true);
    expect(read()).toEqual(["one 61.6", "all 542,814", "rest 71.8"]);
    expect(say("tele/tent", wellFormed)).toBe(true);
    expect(say("stat/tent", wellFormed)).toBe(false);
  });

  // growbuddy 2.1: malformed JSON: log, count, keep the last value, do not crash; it does not refresh the age
  it("that is malformed is logged and counted, and nothing else happens", () => {
    const { say, events, log, values } = listening({ tent: told("tele/tent/SENSOR", { humidity: "SCD30.Humidity" }) });
    for (let count = 0; count < 50; count++) say("tele/tent/SENSOR", printed);
    expect(events).toEqual([]);
    expect(values.counts).toEqual({ taken: 0, malformed: 50, dropped: 0 });
    expect(log.entries).toEqual(Array(3).fill("warn: sensor tent: a message on tele/tent/SENSOR was not taken: it is not JSON"));
  });

  it("that is too long, or was cut, is not looked into", () => {
    const { say, values, log } = listening({ tent: told("a/b", { humidity: "H" }, { max_payload: 100 }) });
    say("a/b", `{"H":1,"x":"${"x".repeat(100)}"}`);
    say("a/b", '{"H":1}', { cut: true });
    expect(values.counts.malformed).toBe(2);
    expect(log.entries[0]).toBe("warn: sensor tent: a message on a/b was not taken: it has more than 100 bytes");
  });

  it("that is retained counts only where that is said; the empty one that clears it never does", () => {
    const { say, read, values } = listening({ tent: told("a/b"), door: told("a/b", {}, { retained: "use" }) });
    say("a/b", "1", { retain: true });
    say("a/b", "");
    expect(read()).toEqual(["door 1"]);
    expect(values.counts.malformed).toBe(0);
  });
});

describe("many messages", () => {
  it("are taken up to a hundred at once; then the newest as soon as it may be, and those before it are counted", () => {
    const { say, read, values, pass } = listening({ tent: told("a/b"), other: told("c/d") });
    for (let count = 1; count <= 300; count++) say("a/b", String(count));
    say("c/d", "7");
    expect(read().length).toBe(101);
    expect(read().at(-1)).toBe("other 7");
    pass(10);
    expect(read().at(-1)).toBe("tent 300");
    expect(values.counts).toEqual({ taken: 102, malformed: 0, dropped: 199 });
  });

  it("that wait are nobody's after a reload to another topic", () => {
    const { say, read, reload, pass } = listening({ tent: told("a/b") });
    for (let count = 1; count <= 101; count++) say("a/b", String(count));
    reload(configOf({ sensors: { tent: told("c/d") } }));
    pass(10);
    expect(read().length).toBe(100);
  });
});

describe("an expression", () => {
  const values = { humidity: "H", double: "H * 2" };

  it("is asked for, and the values of one message come together, with the time at which it came", () => {
    const { say, events, asked, pass } = listening({ tent: told("a/b", values) });
    say("a/b", '{"H":21}');
    expect(asked[0]).toMatchObject({ key: "topic tent", expressions: ["H * 2"], input: { json: '{"H":21}' } });
    expect(events).toEqual([]);
    pass(300);
    asked[0]?.answered([{ ok: true, value: 42 }]);
    expect(events).toEqual([
      {
        type: "sensor-read",
        sensor: 0,
        values: [
          { name: "humidity", value: 21, unit: null },
          { name: "double", value: 42, unit: null },
        ],
        at: 1300,
        measured: 1000,
      },
    ]);
  });

  it("that fails, or makes no number, makes the message one that was not taken", () => {
    const { say, asked, log, events } = listening({ tent: told("a/b", values) });
    say("a/b", '{"H":21}');
    asked[0]?.answered([{ ok: false, problem: "took longer than 1000 ms" }]);
    asked[0]?.answered([{ ok: true, value: "x" }]);
    asked[0]?.answered([{ ok: true, value: undefined }]);
    expect(log.entries.map((entry) => entry.split("taken: ")[1])).toEqual([
      "the expression of double took longer than 1000 ms",
      "its double is not a number",
      "it has no double",
    ]);
    expect(events).toEqual([]);
  });

  it("whose answer comes after a reload has made another sensor of it is nobody's", () => {
    const { say, asked, events, reload } = listening({ tent: told("a/b", values) });
    say("a/b", '{"H":21}');
    reload(configOf({ sensors: { tent: told("a/b", { ...values, double: "H * 3" }) } }));
    asked[0]?.answered([{ ok: true, value: 42 }]);
    expect(events).toEqual([]);
  });

  it("of a derived value comes back as its reading, or as why there is none", () => {
    const { values: topics, asked, events } = listening({ x: told("a/b") }, { sum: { value: "x + 1", inputs: { x: "x" }, unit: "W" } });
    topics.evaluate({ type: "evaluate", sensor: 1, inputs: { x: 1 }, measured: 900 });
    expect(asked[0]).toMatchObject({ expressions: ["x + 1"], input: { values: { x: 1 } } });
    asked[0]?.answered([{ ok: true, value: 2 }]);
    asked[0]?.answered([{ ok: true, value: Number.NaN }]);
    asked[0]?.answered([{ ok: false, problem: "failed: D3030" }]);
    expect(events).toEqual([
      { type: "sensor-read", sensor: 1, values: [{ name: "value", value: 2, unit: "W" }], at: 1000, measured: 900 },
      { type: "sensor-failed", sensor: 1, problem: "the expression made no value", at: 1000 },
      { type: "sensor-failed", sensor: 1, problem: "the expression failed: D3030", at: 1000 },
    ]);
  });
});
