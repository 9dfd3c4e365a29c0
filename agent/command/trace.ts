import { setTimeout } from "node:timers/promises";
import { exit } from "../exit.ts";
import type { TraceEntry } from "../protocol.ts";
import { withAgent } from "./client.ts";
import { type Command, print, readArgs, socketOptions, socketPath } from "./command.ts";

/** How often `--follow` asks. */
const pause = 300;

/** `pinbus trace`: what the agent and the broker said to each other, without payloads. */
export const trace: Command = {
  usage: "[--follow] [--json]",
  summary: "the last MQTT packets between the agent and the broker, both ways",
  async run(args) {
    const options = { ...socketOptions, follow: { type: "boolean", short: "f" }, json: { type: "boolean" } } as const;
    const { values } = readArgs(args, options, { min: 0, max: 0 });
    await withAgent(socketPath(values), async (client) => {
      let after = 0;
      do {
        const entries = await client.request("trace", { after });
        const first = entries[0]?.number ?? 0;
        if (after > 0 && first > after + 1)
          print(values.json ? JSON.stringify({ left_out: first - after - 1 }) : `(${first - after - 1} left out)`);
        for (const entry of entries) print(values.json ? JSON.stringify(entry) : traceLine(entry));
        after = entries.at(-1)?.number ?? after;
        if (values.follow) await setTimeout(pause);
      } while (values.follow);
    });
    return exit.ok;
  },
};

/** `10:22:33.120 > PUBLISH     12  q1 retain    2 B  pinbus/garage/out/lamp/state`; `>` = from the agent to the broker. */
export function traceLine({ at, direction, type, id, topic, qos, retain, dup, size, reason, rtt_ms: rtt }: TraceEntry): string {
  const flags = [qos === undefined ? "" : `q${qos}`, retain ? "retain" : "", dup ? "dup" : ""].filter((flag) => flag !== "").join(" ");
  const cells = [
    at.slice(11, 23),
    direction === "sent" ? ">" : "<",
    type.padEnd(11),
    String(id ?? "").padStart(5),
    flags.padEnd(13),
    (size === undefined ? "" : `${size} B`).padStart(8),
    topic,
    reason === undefined || isSuccess(reason) ? undefined : `reason 0x${reason.toString(16).padStart(2, "0")}`,
    rtt === undefined ? undefined : `after ${rtt} ms`,
  ];
  return cells
    .filter((cell) => cell !== undefined)
    .join(" ")
    .trimEnd();
}

/** 0x10: the broker has it, and nobody has subscribed to it. */
function isSuccess(reason: number): boolean {
  return reason === 0 || reason === 0x10;
}
