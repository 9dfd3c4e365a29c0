import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { healthOf } from "../../../agent/core/health.ts";
import type { LogEvent } from "../../../agent/core/log-events.ts";
import { createLog, type JournalWriter } from "../../../agent/shell/log.ts";
import { PinLog } from "../../../agent/shell/pin-log.ts";
import { configOf } from "../core/fixture.ts";
import { World } from "../core/world.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function world() {
  const entries: Parameters<JournalWriter>[0][] = [];
  const log = createLog({ level: "info", secrets: [], journal: (entry) => entries.push(entry) });
  const pins = new PinLog(log, () => Date.now());
  return { entries, pins, said: () => entries.map(({ message }) => message) };
}

const gesture = (word: "press" | "click") =>
  ({ type: "log", level: "info", message: `porch ${word}`, fields: { event: "gesture", input: "porch", gesture: word } }) as const;

describe("the log of pins and rules", () => {
  it("writes twenty gestures of an input within a minute, and then how many more there were", () => {
    const { pins, said, entries } = world();
    for (let count = 0; count < 80; count++) for (const word of ["press", "click"] as const) pins.write(gesture(word));
    expect(said()).toHaveLength(20);
    vi.advanceTimersByTime(60_000);
    expect(said().slice(20)).toEqual(["porch: press 70 times, click 70 times in the last minute, not logged one by one"]);
    expect(entries.at(-1)?.fields).toMatchObject({ PINBUS_EVENT: "repeated", PINBUS_INPUT: "porch", PINBUS_COUNT: "140" });
  });

  it("says how an output was left that moved too often to be told", () => {
    const { pins, said, entries } = world();
    for (let count = 0; count < 30; count++) {
      const state = count % 2 === 0 ? "ON" : "OFF";
      const message = `lamp ${state.toLowerCase()}: rule porch-lamp`;
      pins.write({ type: "log", level: "info", message, fields: { event: "output-moved", output: "lamp", state } });
    }
    vi.advanceTimersByTime(20_000);
    pins.flush();
    expect(said().at(-1)).toBe(
      "lamp: on 5 times, off 5 times in the last 20 s, not logged one by one; the last: lamp off: rule porch-lamp",
    );
    expect(entries.at(-1)?.fields).toMatchObject({ PINBUS_OUTPUT: "lamp", PINBUS_COUNT: "10" });
  });

  it("tells what was counted before a safe state, so that the last entry says how the output is", () => {
    const { pins, said } = world();
    for (let count = 0; count < 25; count++) {
      const state = count % 2 === 0 ? "ON" : "OFF";
      const message = `lamp ${state.toLowerCase()}: rule porch-lamp`;
      pins.write({ type: "log", level: "info", message, fields: { event: "output-moved", output: "lamp", state } });
    }
    pins.write({
      type: "log",
      level: "info",
      message: "lamp off: max_on",
      fields: { event: "max-on-reached", output: "lamp", state: "OFF" },
    });
    vi.advanceTimersByTime(60_000);
    expect(said().slice(20)).toEqual([
      "lamp: on 3 times, off 2 times in the last 1 s, not logged one by one; the last: lamp on: rule porch-lamp",
      "lamp off: max_on",
    ]);
  });

  it("counts the firings of a rule", () => {
    const { pins, said } = world();
    for (let count = 0; count < 25; count++)
      pins.write({ type: "log", level: "info", message: "rule mist fired", fields: { event: "rule-fired", rule: "mist" } });
    pins.flush();
    expect(said().at(-1)).toBe("rule mist: fired 5 times in the last 1 s, not logged one by one");
  });

  it.each([
    "command-refused",
    "interlock-refused",
    "failsafe",
    "max-on-reached",
    "output-failed",
    "line-lost",
    "line-returned",
  ] as LogEvent[])("writes every %s, however often it comes", (event) => {
    const { pins, said } = world();
    for (let count = 0; count < 500; count++)
      pins.write({ type: "log", level: "info", message: "told", fields: { event, output: "lamp", state: "OFF" } });
    expect(said()).toHaveLength(500);
  });

  it("writes of a peer that comes and goes all the time how often, and how it was left, which health says, too", () => {
    const core = new World(configOf({ peers: { plug: { topic: "tele/plug/LWT", online: "Online", offline: "Offline" } } }));
    const { pins, said, entries } = world();
    for (let count = 0; count < 301; count++) core.dispatch({ type: "peer-changed", peer: 0, online: count % 2 === 1, at: core.now });
    for (const entry of core.logs) pins.write(entry);
    expect(said()).toHaveLength(20);
    vi.advanceTimersByTime(60_000);
    expect(said().slice(20)).toEqual([
      "peer plug: offline 141 times, online 140 times in the last minute, not logged one by one; the last: peer plug is offline",
    ]);
    expect(entries.at(-1)?.fields).toMatchObject({ PINBUS_EVENT: "repeated", PINBUS_PEER: "plug", PINBUS_COUNT: "281" });
    expect(healthOf(core.plan, core.state).problems).toContain("peer plug is offline");
  });

  it.each([
    ["plug-lost", "error", "output", "the plug of a: lost 30 times"],
    ["sensor-failed", "warn", "sensor", "sensor a: failed 30 times"],
    ["sensor-returned", "info", "sensor", "sensor a: returned 30 times"],
  ] as const)("counts %s of a device that comes and goes all the time, as a %s", (event, level, of, sum) => {
    const { pins, said, entries } = world();
    for (let count = 0; count < 50; count++) pins.write({ type: "log", level, message: "told", fields: { event, [of]: "a" } });
    pins.flush();
    expect(said().slice(20)).toEqual([`${sum} in the last 1 s, not logged one by one; the last: told`]);
    expect(entries.at(-1)?.priority).toBe(entries[0]?.priority);
  });

  it("writes that a plug was lost whose output has moved too often to be told", () => {
    const { pins, said } = world();
    const moved = { event: "output-moved", output: "a", state: "ON" } as const;
    for (let count = 0; count < 50; count++) pins.write({ type: "log", level: "info", message: "a on", fields: moved });
    pins.write({ type: "log", level: "error", message: "output a: the plug is offline", fields: { event: "plug-lost", output: "a" } });
    expect(said().at(-1)).toBe("output a: the plug is offline");
  });

  it("leaves what is only for a fault-finder as it is", () => {
    const { pins, said } = world();
    for (let count = 0; count < 100; count++) pins.write({ ...gesture("press"), level: "debug" });
    pins.flush();
    expect(said()).toEqual([]);
  });

  it("writes every refused command of a flood, and the changes in between bounded", () => {
    const core = new World(configOf({ outputs: { lamp: {} } }));
    const { pins, said } = world();
    for (let count = 0; count < 300; count++) {
      core.mqtt("lamp", "TOGGLE");
      core.mqtt("lamp", "TOGGLE", { retain: true });
    }
    for (const entry of core.logs) pins.write(entry);
    expect(said().filter((line) => line.includes("refused"))).toHaveLength(300);
    expect(said().filter((line) => /^lamp o/.test(line)).length).toBeLessThanOrEqual(21);
  });
});
