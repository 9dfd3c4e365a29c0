import { describe, expect, it } from "vitest";
import type { Kept } from "../../../agent/core/kept.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;
const on = { on_start: "on" } as const;

function world(outputs: Parameters<typeof configOf>[0]["outputs"], kept: Record<string, Kept> = {}, interlocks = {}): World {
  return new World(configOf({ outputs: outputs ?? {}, start_spacing: 2 * second, interlocks }), { kept });
}

describe("start_spacing", () => {
  it("starts one output after the other; what starts off, or stays as it is found, takes no turn", () => {
    const one = world({ a: on, b: {}, c: on, d: { on_start: "keep" }, e: { on_start: "last" } }, { e: { locked: false, level: true } });
    one.advance(60 * second);
    expect(one.wires.map(({ id, at }) => `${id} ${at}`)).toEqual(["a 1000", "c 3000", "e 5000"]);
    expect(one.attr("e")).toMatchObject({ kind: "start", text: "ON because the agent started" });
    expect(one.timers.size).toBe(0);
  });

  it("does not forget the last level while it waits for its turn", () => {
    const one = world({ a: on, e: { on_start: "last" } }, { e: { locked: false, level: true } });
    expect(one.onDisk("e")).toEqual({ locked: false, level: true });
    one.control("e", "OFF");
    expect(one.onDisk("e")).toEqual({ locked: false, level: false });
  });

  it("a command in between wins, a refused one does not, and a lock keeps it off", () => {
    const one = world({ a: on, b: on, c: on, d: on });
    one.control("b", "OFF");
    one.mqtt("c", "BLINK");
    one.lock("d", true);
    one.advance(60 * second);
    expect([one.isOn("b"), one.isOn("c"), one.isOn("d")]).toEqual([false, true, false]);
    expect(one.timers.size).toBe(0);
  });

  it("an ON that waits for its dead time in between wins, also the one of a partner", () => {
    const gate = { gate: { dead_time: second, mode: "switch" } } as const;
    const outputs = { a: on, up: { ...on, interlock: "gate" }, down: { interlock: "gate" } };
    const pulsed = world(outputs, {}, gate);
    pulsed.control("down", "ON");
    pulsed.advance(1500);
    pulsed.control("up", "PULSE", 500);
    pulsed.advance(60 * second);
    expect(pulsed.wires.filter(({ id }) => id === "up").map(({ active }) => active)).toEqual([true, false]);
    const other = world(outputs, {}, gate);
    other.control("down", "ON");
    other.advance(60 * second);
    expect([other.isOn("up"), other.isOn("down")]).toEqual([false, true]);
  });

  it("a reload that takes on_start away ends the wait", () => {
    const one = world({ a: on, b: on });
    one.reload(configOf({ outputs: { a: on, b: {} }, start_spacing: 2 * second }));
    one.advance(60 * second);
    expect(one.isOn("b")).toBe(false);
  });

  it("an off-write that failed in between wins as well", () => {
    const one = world({ a: on, b: on });
    one.breakOutput("b", true);
    one.control("b", "OFF");
    one.breakOutput("b", false);
    one.advance(60 * second);
    expect(one.isOn("b")).toBe(false);
  });

  it("tries again when the line does not take it, in its turn, and says so once", () => {
    const one = world({ a: on, b: on, c: on });
    one.breakOutput("b", true);
    one.advance(11 * second);
    expect(one.outputState("b").history.map(({ state }) => state)).toEqual(["OFF", "FAILED"]);
    expect(one.logs.filter(({ level }) => level === "error")).toHaveLength(1);
    one.breakOutput("b", false);
    one.advance(60 * second);
    expect(one.wires.map(({ id }) => id)).toEqual(["a", "c", "b"]);
    expect(one.attr("b")).toMatchObject({ kind: "start", problem: null });
    expect(one.timers.size).toBe(0);
  });

  it("tries an interlocked output again without spacing, too", () => {
    const gate = { gate: { dead_time: 300, mode: "switch" } } as const;
    const one = new World(configOf({ outputs: { up: { ...on, interlock: "gate" }, down: { interlock: "gate" } }, interlocks: gate }));
    one.breakOutput("up", true);
    one.advance(5 * second);
    expect(one.outputState("up").history.map(({ state }) => state)).toEqual(["OFF", "FAILED"]);
    one.breakOutput("up", false);
    one.advance(second);
    expect(one.isOn("up")).toBe(true);
  });

  it("keeps its distance while one of them is tried again and again", () => {
    const one = world({ a: on, b: on, c: on });
    one.loseOutput("c");
    one.breakOutput("b", true);
    one.advance(9500);
    one.breakOutput("b", false);
    one.returnOutput("c");
    one.advance(60 * second);
    const [, next = 0, last = 0] = one.wires.filter(({ active }) => active).map(({ at }) => at);
    expect(last - next).toBeGreaterThanOrEqual(2 * second);
  });

  it.each<[string, (one: World) => void]>([
    ["a command", (one) => one.control("b", "OFF")],
    ["a command that fails", (one) => one.control("b", "ON")],
    ["a lock", (one) => one.lock("b", true)],
    ["a line that is lost", (one) => one.loseOutput("b")],
    ["the stop", (one) => one.dispatch({ type: "stop-requested", at: one.now })],
  ])("%s ends the trying", (_, play) => {
    const one = world({ a: on, b: on });
    one.breakOutput("b", true);
    one.advance(5 * second);
    play(one);
    one.breakOutput("b", false);
    one.advance(60 * second);
    expect([one.isOn("b"), one.timers.size]).toEqual([false, 0]);
  });

  it("respects min_off and an interlock with its dead time", () => {
    const one = world(
      { a: on, b: { ...on, min_off: 10 * second }, up: { ...on, interlock: "gate" }, down: { interlock: "gate" } },
      {},
      {
        gate: { dead_time: 7 * second, mode: "switch" },
      },
    );
    one.advance(60 * second);
    expect(one.wires.map(({ id, at }) => `${id} ${at}`)).toEqual(["a 1000", "up 8000", "b 11000"]);
  });

  it("holds for lines that come back together, and ends with the stop", () => {
    const one = world({ a: on, b: on });
    one.advance(60 * second);
    for (const id of ["a", "b"]) one.loseOutput(id);
    const { length } = one.wires;
    for (const id of ["a", "b"]) one.returnOutput(id);
    one.advance(second);
    expect(one.wires.slice(length).map(({ id }) => id)).toEqual(["a"]);
    one.dispatch({ type: "stop-requested", at: one.now });
    one.advance(60 * second);
    expect([one.isOn("a"), one.isOn("b")]).toEqual([false, false]);
  });

  it("goes on where it was after a reload", () => {
    const outputs = { a: on, b: on };
    const one = world(outputs);
    one.advance(second);
    one.reload(configOf({ outputs, start_spacing: 2 * second }));
    one.advance(second);
    expect(one.isOn("b")).toBe(true);
    expect(one.now).toBe(3000);
  });
});
