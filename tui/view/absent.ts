import { age } from "../format.ts";
import type { State } from "../model.ts";

/** Why the agent says nothing here, and which flag would help; null while it is there. */
export function withoutAgent({ agent, replay }: State): string | null {
  if (replay !== null) return "a recording has messages only: tabs 1, 3 and 7";
  if (!agent.wanted) return "no agent here: --host user@pi looks at another machine";
  return agent.up ? null : (agent.problem ?? "connecting to the agent");
}

/** The same of the broker. */
export function withoutBroker({ mqtt }: State): string | null {
  if (!mqtt.wanted) return "no broker is known: --broker URL names one, or start the agent";
  if (mqtt.up) return null;
  // The problem mostly begins with the server.
  const problem = mqtt.problem ?? "connecting";
  return `not connected to ${problem.startsWith(`${mqtt.server}: `) ? problem : `${mqtt.server}: ${problem}`}`;
}

/** Of what the agent told before it went: since when nobody knows better. Null while it is there. */
export function staleAgent({ agent }: State, now: number): string | null {
  return agent.up ? null : `STALE ${age(now - agent.since)}, no agent`;
}
