import { healthOf } from "../../../agent/core/health.ts";
import type { AgentEvent, SwitchWord, TimerKey } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { newState } from "../../../agent/core/state.ts";
import { Dispatch } from "../../../agent/shell/dispatch.ts";
import { Plug } from "../../../agent/shell/plug.ts";
import { configOf } from "../../config/loading.ts";

export const plain = "outputs: { a: { plug: a, max_on: 2m } }";

export interface PlugWorldOptions {
  /** The plugs say at once that they took their PulseTime; default true. */
  arms?: boolean;
}

/** The plug on one side, the core on the other, and the clock of the test. */
export function world(yaml: string, { arms = true }: PlugWorldOptions = {}) {
  const config = configOf(yaml);
  const plan = planOf(config);
  const dispatch = new Dispatch({ config, plan, state: newState(plan, () => 1) });
  const clock = { now: () => Date.now(), wall: () => Date.now() };
  const timers = new Map<TimerKey, NodeJS.Timeout>();
  const sent: string[] = [];
  const answers: unknown[] = [];
  const logged: string[] = [];
  const strange: string[] = [];
  /** `a/PulseTime`: the broker refuses what is published there. */
  const refused = new Set<string>();
  const send = (event: AgentEvent) => dispatch.dispatch(event);
  const plugs = new Map(
    plan.outputs.flatMap(({ id, plug: at }) => {
      if (at === null) return [];
      const plug = new Plug(
        {
          id,
          current: () => dispatch.current,
          observed: (event) => dispatch.observed(event),
          send,
          publish({ topic, payload }, settled) {
            const short = topic.replace("cmnd/", "");
            sent.push(`${short} ${payload}`.trim());
            if (refused.has(short)) settled?.(Object.assign(new Error("not authorised"), { code: 0x87 }));
            else if (arms && short.endsWith("/PulseTime")) armed(id, Number(payload));
          },
          clock,
          strange: (problem) => strange.push(problem),
        },
        "start",
      );
      return [[id, plug]];
    }),
  );
  dispatch.connect(
    (effect) => {
      if (effect.type === "setOutput") plugs.get(plan.outputs[effect.output]?.id ?? "")?.write(effect.active, effect.request);
      else if (effect.type === "startTimer") {
        clearTimeout(timers.get(effect.key));
        const due = () => send({ type: "timer-due", key: effect.key, at: effect.at });
        timers.set(effect.key, setTimeout(due, effect.at - Date.now()));
      } else if (effect.type === "stopTimer") clearTimeout(timers.get(effect.key));
      else if (effect.type === "answer") answers.push(effect.verdict.ok ? effect.verdict.state : effect.verdict.message);
      else if (effect.type === "log") logged.push(effect.message);
    },
    () => undefined,
  );
  const plug = plugs.get("a") as Plug;
  const hear = (topic: string, payload: string, more: { retain?: boolean; cut?: boolean } = {}, to = plug) =>
    to.heard({ topic, payload: Buffer.from(payload), qos: 1, retain: false, ...more });
  const armed = (id: string, value: number) =>
    hear(`stat/${id}/RESULT`, `{"PulseTime1":{"Set":${value},"Remaining":${value}}}`, {}, plugs.get(id));
  return {
    plug,
    plugs,
    refused,
    dispatch,
    send,
    sent,
    answers,
    logged,
    strange,
    hear,
    /** What was sent since this was asked last. */
    said: () => sent.splice(0),
    /** It took the PulseTime. */
    armed: (value: number, id = "a") => armed(id, value),
    reply: (word: string, id = "a") => hear(`stat/${id}/RESULT`, `{"POWER":"${word}"}`, {}, plugs.get(id)),
    lwt: (word: string, retain = false) => hear("tele/a/LWT", word, { retain }),
    command(word: SwitchWord, forMs: number | null = null, id = "a") {
      const output = plan.outputIndex.get(id) ?? -1;
      send({ type: "control-received", output, word, forMs, from: "cli", ticket: 1, at: Date.now() });
    },
    state: (id = "a") => dispatch.state.outputs[plan.outputIndex.get(id) ?? -1]?.written,
    problem: () => dispatch.state.outputs[0]?.problem,
    /** What health says of outputs. */
    health: () => healthOf(plan, dispatch.state).problems.filter((problem) => problem.startsWith("output")),
    /** Connected, and off as it answers. */
    begin(answer = "OFF") {
      plug.connected();
      hear("stat/a/RESULT", `{"POWER":"${answer}"}`);
      sent.splice(0);
    },
  };
}
