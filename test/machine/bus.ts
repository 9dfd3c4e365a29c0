import { attempt, run } from "./commands.ts";

/** Topic prefix of the node that the tests configure. */
export const P = "pinbus/machine";

/** What the broker keeps on a topic; "" when it keeps nothing. */
export async function retained(topic: string): Promise<string> {
  return (await attempt("mosquitto_sub", "-h", "127.0.0.1", "-t", topic, "-C", "1", "-W", "5")).stdout.trim();
}

export async function set(output: string, payload: string, ...more: string[]): Promise<void> {
  await run("mosquitto_pub", "-h", "127.0.0.1", "-q", "1", "-t", `${P}/out/${output}/set`, "-m", payload, ...more);
}

/** The time of the start in a payload of `P/info`. */
export function startedIn(info: string): string {
  return (JSON.parse(info) as { started: string }).started;
}
