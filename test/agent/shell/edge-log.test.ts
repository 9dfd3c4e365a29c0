import { describe, expect, it } from "vitest";
import type { AgentEvent } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { newState } from "../../../agent/core/state.ts";
import { Dispatch } from "../../../agent/shell/dispatch.ts";
import { EdgeLog, edgesKept, patience } from "../../../agent/shell/edge-log.ts";
import type { InputConfig } from "../../../config/schema.ts";
import { configOf } from "../core/fixture.ts";

/** A loop with one input, and a clock that the test moves; a timer is due when its time has come. */
function loop(input: Partial<InputConfig> = {}) {
  const config = configOf({ inputs: { porch: input, bell: {} } });
  const plan = planOf(config);
  const dispatch = new Dispatch({ config, plan, state: newState(plan, () => 1) });
  let now = 1000;
  const log = new EdgeLog(dispatch, { now: () => now, wall: () => 0 });
  const timers = new Map<string, number>();
  dispatch.connect(
    (effect) => {
      if (effect.type === "startTimer") timers.set(effect.key, effect.at);
      if (effect.type === "stopTimer") timers.delete(effect.key);
    },
    () => {},
  );
  const send = (event: AgentEvent) => dispatch.dispatch(event);
  const pass = (ms: number) => {
    now += ms;
    for (const [key, at] of [...timers])
      if (at <= now && timers.delete(key)) send({ type: "timer-due", key: key as `settle:${string}`, at: now });
  };
  const edge = (active: boolean, line?: "b") =>
    send({ type: "edge", input: 0, edge: active ? "rising" : "falling", at: now, ...(line ? { line } : {}) });
  const told = () => log.read("porch").edges.map(({ active, accepted, note }) => [active, accepted, note]);
  send({ type: "level-read", input: 0, active: false, at: now, why: "start" });
  return { dispatch, log, send, pass, edge, told, now: () => now };
}

describe("the log of edges", () => {
  it("is empty and no part of the loop until somebody asks, and again when nobody has asked for a while", () => {
    const { dispatch, log, pass, edge, now } = loop();
    edge(true);
    pass(100);
    expect(dispatch.witnesses.size).toBe(0);
    expect(log.read("porch")).toMatchObject({ since: now(), edges: [] });
    expect(dispatch.witnesses.size).toBe(1);
    edge(false);
    pass(patience + 1);
    edge(true);
    expect(dispatch.witnesses.size).toBe(0);
    expect(log.read("porch").edges).toEqual([]);
  });

  it("says of each edge whether it counted: of a burst it is the one that began the level that held", () => {
    const { told, pass, edge } = loop();
    told();
    edge(true);
    pass(5);
    edge(false);
    pass(5);
    edge(true);
    expect(told().map(([, accepted]) => accepted)).toEqual([null, null, null]);
    pass(20);
    expect(told()).toEqual([
      [true, false, "bounce: did not hold 20 ms"],
      [false, false, "bounce: did not hold 20 ms"],
      [true, true, null],
    ]);
  });

  it("calls a burst that ends where it began a glitch", () => {
    const { told, pass, edge } = loop();
    told();
    edge(true);
    pass(3);
    edge(false);
    pass(50);
    expect(told()).toEqual([
      [true, false, "glitch: the level was back within 20 ms"],
      [false, false, "glitch: the level was back within 20 ms"],
    ]);
  });

  it("decides at the next edge as well, when the loop was late for the timer", () => {
    const { told, send, edge, now } = loop();
    told();
    edge(true);
    send({ type: "edge", input: 0, edge: "falling", at: now() + 100 });
    expect(told()).toEqual([
      [true, true, null],
      [false, null, null],
    ]);
  });

  it("tells the time between two edges, and what the kernel has lost", () => {
    const { log, send, pass, edge, now } = loop();
    log.read("porch");
    edge(true);
    pass(0.25);
    edge(false);
    send({ type: "edges-lost", input: 0, count: 3, at: now() });
    pass(100);
    expect(log.read("porch").edges.map(({ after }) => after)).toEqual([null, 0.25, 0]);
    expect(log.read("porch").edges.at(-1)).toMatchObject({
      active: null,
      accepted: false,
      note: "3 lost by the kernel (gap in seqno)",
    });
  });

  it("shows a level that was read because an edge was missing", () => {
    const { told, send, pass, now } = loop();
    told();
    pass(10);
    send({ type: "level-read", input: 0, active: true, at: now(), why: "gap" });
    // The level that is known already is no edge.
    send({ type: "level-read", input: 0, active: true, at: now() + 1, why: "gap" });
    pass(30);
    expect(told()).toEqual([[true, true, "as read from the line: an edge was merged or lost"]]);
  });

  it("takes every edge of a counter and of an encoder, and without a debounce all but those that change nothing", () => {
    const counter = loop({ kind: "counter", debounce: 0 });
    counter.told();
    counter.edge(true);
    counter.edge(true);
    expect(counter.told().map(([, accepted]) => accepted)).toEqual([true, true]);
    const knob = loop({ kind: "encoder", debounce: 0, line_b: { kind: "gpio", gpio: 9 } });
    knob.told();
    knob.edge(true, "b");
    expect(knob.told()).toEqual([[true, true, "line_b"]]);
    const plain = loop({ debounce: 0 });
    plain.told();
    plain.edge(true);
    plain.pass(1);
    plain.edge(true);
    expect(plain.told()).toEqual([
      [true, true, null],
      [true, false, "no change of level: an edge between was merged"],
    ]);
  });

  it("keeps the newest edges, and those of the inputs that are looked at only", () => {
    const { log, send, pass, edge, now } = loop();
    log.read("porch");
    send({ type: "edge", input: 1, edge: "rising", at: now() });
    for (let n = 0; n < 300; n += 1) {
      pass(1);
      edge(n % 2 === 0);
    }
    const { edges } = log.read("porch");
    expect(edges.length).toBe(edgesKept);
    expect(edges.at(-1)?.at).toBe(now());
    expect(log.read("bell").edges).toEqual([]);
  });
});
