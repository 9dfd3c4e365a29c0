import type { Limits } from "./limits.ts";

/** Why a client is not let in. */
export type Refusal = "taken" | "keepalive" | "busy" | "guesses" | "no";

/** CONNACK (MQTT 3.1.1 section 3.2.2.3); mosquitto says 5 for a wrong password and 2 for a keep alive, too. */
export const refusalCodes: Readonly<Record<Refusal, number>> = { taken: 2, keepalive: 2, busy: 3, guesses: 3, no: 5 };

/** The sentence for the log. */
export function describeRefusal(refusal: Refusal, username: string | undefined, address: string, limits: Limits): string {
  const who = username === undefined || username === "" ? "a client without a user" : `user ${JSON.stringify(username.slice(0, 64))}`;
  const why = {
    no: "not authorised",
    busy: "too many ask at the same time",
    guesses: `more than ${limits.maxFailedLogins} wrong passwords a minute came from ${address}`,
    taken: "its client id is that of this agent",
    keepalive: `its keep alive is 0 or longer than ${(limits.maxKeepalive ?? 0) / 1000} s`,
  }[refusal];
  return `broker: refused ${who}: ${why}`;
}
