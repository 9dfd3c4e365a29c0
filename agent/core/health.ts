import { counterProblems } from "./counter.ts";
import { peerProblems } from "./peer.ts";
import type { Plan } from "./plan.ts";
import { sensorProblem } from "./sensor.ts";
import type { State } from "./state.ts";

export interface Health {
  health: "ok" | "degraded" | "failing";
  /** One sentence for each thing that is not well. */
  problems: string[];
}

/**
 * failing = something that pinbus exists for does not work; degraded = it works, but a value is missing, or nobody else can see it, or
 * nobody will after a restart.
 */
export function healthOf(plan: Plan, state: State): Health {
  const counters = plan.inputs.map(({ id }, index) => counterProblems(id, state.inputs[index]?.counter ?? null));
  const failing = [
    ...plan.inputs.flatMap(({ id }, index) => sentence(`input ${id}`, state.inputs[index]?.problem)),
    ...counters.flatMap(({ failing }) => failing),
    ...plan.outputs.flatMap(({ id, pwm }, index) => sentence(`${pwm === null ? "output" : "pwm"} ${id}`, state.outputs[index]?.problem)),
    ...state.brokerProblems,
  ];
  const resting = plan.rules.flatMap(({ id }, index) =>
    state.rules[index]?.guard.restsUntil != null ? [`rule ${id} rests, because it fired too often`] : [],
  );
  const held = state.startHeld ? ["rules with `start: true` were left out, because the agent has crashed again and again"] : [];
  // Online it is what the broker does not let us publish.
  const link = state.link.problem ?? (state.link.online ? null : "the link to the broker is not online yet");
  const sensors = plan.sensors.flatMap((sensorPlan, index) => sensorProblem(sensorPlan, state.sensors[index]));
  const peers = peerProblems(plan, state);
  const files = state.fileProblems.values();
  const degraded = [
    ...sensors,
    ...resting,
    ...held,
    ...counters.flatMap(({ degraded }) => degraded),
    ...(link === null ? [] : [link]),
    ...peers,
    ...(state.owlcms.problem === null ? [] : [state.owlcms.problem]),
    ...files,
  ];
  return { health: failing.length > 0 ? "failing" : degraded.length > 0 ? "degraded" : "ok", problems: [...failing, ...degraded] };
}

function sentence(what: string, problem: string | null | undefined): string[] {
  return problem ? [`${what}: ${problem}`] : [];
}
