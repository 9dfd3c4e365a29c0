import { describe, expect, it } from "vitest";
import type { AgentEvent } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { lineOf } from "../../../agent/core/recording.ts";
import { Replay } from "../../../agent/core/replay.ts";
import { newState } from "../../../agent/core/state.ts";
import { Dispatch } from "../../../agent/shell/dispatch.ts";
import { type Reader, Recorder } from "../../../agent/shell/recorder.ts";
import { configOf } from "../core/fixture.ts";
import { agent as control } from "./control-client.ts";
import { eventually, keptLog } from "./fixture.ts";

const config = configOf({ inputs: { porch: {} }, outputs: { lamp: {} } });
const plan = planOf(config);
const edge = (at: number): AgentEvent => ({ type: "edge", input: 0, edge: at % 2 === 0 ? "rising" : "falling", at });

function recorder() {
  const log = keptLog();
  const dispatch = new Dispatch({ config, plan, state: newState(plan, () => 1) });
  dispatch.dispatch({ type: "level-read", input: 0, active: false, at: 0, why: "start" });
  const clock = { now: () => 0, wall: () => Date.UTC(2026, 10, 21) };
  return {
    log,
    dispatch,
    recorder: new Recorder({ dispatch, timers: { pending: [] }, version: "1", writeConfig: () => "config", clock, log }),
  };
}

/** A reader that can be made to stop. */
function reader(): Reader & { lines: string[]; reads: boolean; failure: string | undefined } {
  const lines: string[] = [];
  return {
    lines,
    reads: true,
    failure: undefined,
    ready() {
      return this.reads;
    },
    line: (text) => lines.push(text),
    failed(why) {
      this.failure = why;
    },
  };
}

const kinds = (lines: readonly string[]) => lines.slice(1).map((line) => lineOf(JSON.parse(line)).kind);

describe("the recorder", () => {
  it("begins with a header and the state, and tells each turn", () => {
    const { dispatch, recorder: own } = recorder();
    const one = reader();
    own.start(one);
    dispatch.dispatch(edge(10));
    expect(JSON.parse(one.lines[0] ?? "")).toEqual({
      format: "pinbus-recording",
      version: 1,
      pinbus: "1",
      node: "garage",
      started: "2026-11-21T00:00:00.000Z",
    });
    expect(kinds(one.lines)).toEqual(["snapshot", "event"]);
    expect(JSON.parse(one.lines[2] ?? "")).toEqual({
      event: { type: "edge", input: "porch", edge: "rising", at: 10 },
      effects: [{ type: "startTimer", key: "settle:porch", at: 30 }],
    });
  });

  it("leaves out what a slow reader cannot take, says how much, and goes on from a state that replays", () => {
    const { dispatch, recorder: own } = recorder();
    const [slow, quick] = [reader(), reader()];
    const recording = own.start(slow);
    own.start(quick);
    dispatch.dispatch(edge(10));
    slow.reads = false;
    for (const at of [11, 12, 13]) dispatch.dispatch(edge(at));
    slow.reads = true;
    // Caught up, but nobody has told yet: what follows without a snapshot could not be replayed.
    dispatch.dispatch(edge(14));
    recording.resume();
    for (const at of [100, 101]) dispatch.dispatch(edge(at));
    expect(kinds(slow.lines)).toEqual(["snapshot", "event", "gap", "snapshot", "event", "event"]);
    expect(slow.lines[3]).toBe('{"gap":{"dropped":4}}');
    expect(kinds(quick.lines)).toEqual(["snapshot", ...Array(7).fill("event")]);
    const replay = new Replay(() => plan);
    for (const text of slow.lines.slice(1)) {
      const turn = replay.feed(lineOf(JSON.parse(text)));
      if (turn) expect(turn.now).toBe(turn.recorded);
    }
  });

  it("costs the loop nothing when the last reader has gone", () => {
    const { dispatch, recorder: own } = recorder();
    const handles = [own.start(reader()), own.start(reader())];
    expect([...dispatch.witnesses]).toEqual([own]);
    for (const { stop } of handles) stop();
    expect(dispatch.witnesses.size).toBe(0);
  });

  it("ends a recording that fails, says why, and lets the loop and the others go on", () => {
    const { dispatch, log, recorder: own } = recorder();
    const [bad, good] = [reader(), reader()];
    own.start(bad);
    own.start(good);
    bad.line = () => {
      throw new Error("too large");
    };
    dispatch.dispatch(edge(10));
    dispatch.dispatch(edge(11));
    expect(bad.failure).toBe("too large");
    expect(log.entries).toEqual(["error: a recording has ended: too large"]);
    expect(kinds(good.lines)).toEqual(["snapshot", "event", "event"]);
    expect(dispatch.turns).toBe(3);
  });
});

describe("a recording over the control socket", () => {
  it("is for who may operate, once for each connection, and holds a bounded part for a client that does not read", async () => {
    let given: Reader | undefined;
    const ends: string[] = [];
    const world = await control({
      record(one) {
        given = one;
        one.line('{"first":true}');
        return { resume: () => ends.push("resume"), stop: () => ends.push("stop") };
      },
    });
    const record = (id: number) => ({ id, method: "record", params: {} });
    expect(await world.look().hello().send(record(1)).answer(1)).toMatchObject({ ok: false, error: { reason: "forbidden" } });
    const client = world.operate().hello().send(record(1)).send(record(2));
    expect(await client.answer(1)).toMatchObject({ ok: true });
    expect(await client.answer(2)).toMatchObject({ ok: false, error: { reason: "malformed" } });
    expect(client.pushes()).toEqual([{ push: "record", data: { first: true } }]);
    client.socket.pause();
    const line = JSON.stringify("x".repeat(10_000));
    let lines = 0;
    for (; lines < 10_000 && given?.ready(); lines++) given.line(line);
    // What the kernel takes comes on top of what waits in the agent.
    expect(lines * line.length).toBeLessThan(4 * 1024 * 1024);
    client.socket.resume();
    await eventually(() => ends).toEqual(["resume"]);
    expect(given?.ready()).toBe(true);
    client.socket.destroy();
    await eventually(() => ends.at(-1)).toBe("stop");
  });
});
