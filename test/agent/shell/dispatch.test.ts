import { describe, expect, it } from "vitest";
import { zeroTotal } from "../../../agent/core/kept.ts";
import type { AgentEvent, Effect } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { newState } from "../../../agent/core/state.ts";
import { Dispatch } from "../../../agent/shell/dispatch.ts";
import { configOf } from "../core/fixture.ts";

const config = configOf({ outputs: { lamp: {}, fan: {} } });
const plan = planOf(config);
const nothingCarried = {
  anew: new Set<string>(),
  firstSeq: new Map<string, number>(),
  kept: { kept: () => ({ locked: false, level: false }) },
  totals: { total: () => zeroTotal },
  at: 0,
};
const command = (output: number, ticket: number): AgentEvent => ({
  type: "control-received",
  output,
  word: "TOGGLE",
  forMs: null,
  from: "cli",
  ticket,
  at: 1000,
});

/** A dispatch whose writes succeed, and what it was asked to do, in order. */
function loop(onEffect: (effect: Effect, dispatch: Dispatch) => void = () => {}) {
  const dispatch = new Dispatch({ config, plan, state: newState(plan, () => 1) });
  const done: string[] = [];
  let turns = 0;
  dispatch.connect(
    (effect) => {
      if (effect.type === "setOutput") {
        done.push(`set ${effect.output} ${effect.active}`);
        dispatch.observed({ type: "output-written", output: effect.output, active: effect.active, request: effect.request, at: 1000 });
      }
      if (effect.type === "answer") done.push(`answer ${effect.to.via === "control" ? effect.to.ticket : ""}`);
      onEffect(effect, dispatch);
    },
    () => turns++,
  );
  return { dispatch, done, turns: () => turns };
}

describe("the loop", () => {
  it("reduces the observed result of a write before an event that was waiting", () => {
    let sent = false;
    const { dispatch, done } = loop((effect, own) => {
      if (effect.type !== "setOutput" || sent) return;
      sent = true;
      own.dispatch(command(0, 2));
    });
    dispatch.dispatch(command(0, 1));
    expect(done).toEqual(["set 0 true", "answer 1", "set 0 false", "answer 2"]);
  });

  it("keeps the order of events that arrive while it turns", () => {
    let sent = false;
    const { dispatch, done } = loop((effect, own) => {
      if (effect.type !== "setOutput" || sent) return;
      sent = true;
      for (const ticket of [2, 3, 4]) own.dispatch(command(1, ticket));
    });
    dispatch.dispatch(command(0, 1));
    expect(done.filter((what) => what.startsWith("answer"))).toEqual(["answer 1", "answer 2", "answer 3", "answer 4"]);
    expect(dispatch.state.outputs.map(({ written }) => written)).toEqual([true, true]);
  });

  it("tells once that a turn is over, when nothing is waiting any more", () => {
    const { dispatch, turns } = loop();
    dispatch.dispatch(command(0, 1));
    expect(turns()).toBe(1);
    expect(dispatch.turns).toBe(2);
  });

  it("takes a result that comes outside of a turn as an event", () => {
    const { dispatch } = loop();
    dispatch.observed({ type: "level-read", input: 0, active: true, at: 1, why: "gap" });
    dispatch.observed({ type: "output-opened", output: 1, active: true, at: 1, why: "start" });
    expect(dispatch.state.outputs[1]?.written).toBe(true);
  });

  it("takes another plan and state between two events, does what that asks for, and never takes it within one", () => {
    const { dispatch, done, turns } = loop((effect, own) => {
      if (effect.type === "answer") expect(() => own.replace(own.current, [], nothingCarried)).toThrow("between two events");
    });
    dispatch.dispatch(command(0, 1));
    expect(done).toEqual(["set 0 true", "answer 1"]);
    const one = planOf(configOf({ outputs: { fan: {} } }));
    const effect: Effect = {
      type: "setOutput",
      output: 0,
      active: true,
      request: { cause: { kind: "reload", text: "", detail: null }, pulse: null, answer: null },
    };
    dispatch.replace({ config, plan: one, state: newState(one, () => 1) }, [effect], nothingCarried);
    expect(done.at(-1)).toBe("set 0 true");
    expect(turns()).toBeGreaterThan(1);
    expect([dispatch.current.plan, dispatch.state.outputs.length, dispatch.state.outputs[0]?.written]).toEqual([one, 1, true]);
  });

  it("goes on with the next event after a performer has thrown", () => {
    let broken = true;
    const { dispatch, done } = loop((effect) => {
      if (effect.type === "publish" && broken) throw new Error("a bug in a performer");
    });
    expect(() => dispatch.dispatch(command(0, 1))).toThrow("a bug in a performer");
    broken = false;
    dispatch.dispatch(command(1, 2));
    expect(done).toContain("answer 2");
  });
});
