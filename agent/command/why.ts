import { exit } from "../exit.ts";
import type { Change } from "../protocol.ts";
import { withAgent } from "./client.ts";
import { type Command, localTime, print, readArgs, socketOptions, socketPath, usageError } from "./command.ts";

/** More than these are there for who asks for them. */
const usual = 10;

/** `pinbus why`: the chain of causes in words, newest first. */
export const why: Command = {
  usage: "<output or counter> [-n COUNT | --all] [--json]",
  summary: "why an output is as it is, and its last changes with their causes; when a counter was set",
  async run(args) {
    const options = {
      ...socketOptions,
      json: { type: "boolean" },
      all: { type: "boolean" },
      count: { type: "string", short: "n" },
    } as const;
    const { values, positionals } = readArgs(args, options, { min: 1, max: 1 });
    const [output = ""] = positionals;
    if (values.count !== undefined && !/^[1-9]\d{0,3}$/.test(values.count)) throw usageError("-n takes a number from 1 to 9999");
    const [state, changes] = await withAgent(socketPath(values), (client) =>
      Promise.all([client.request("get", { id: output }), client.request("why", { output })]),
    );
    const count = values.count === undefined ? (values.json ? Number.POSITIVE_INFINITY : usual) : Number(values.count);
    const shown = values.all ? changes : changes.slice(0, count);
    if (values.json) print(JSON.stringify(shown));
    else {
      for (const line of toldOf(shown, state.state, new Date())) print(line);
      const more = changes.length - shown.length;
      if (more > 0) print(`${more} more: --all shows them`);
    }
    return exit.ok;
  },
};

/** The changes as a person reads them: the one that made the present state says since when, all others when they were. */
export function toldOf(changes: readonly Change[], state: string, now: Date): string[] {
  const present = changes.findIndex((change) => change.state === "ON" || change.state === "OFF");
  return changes.map((change, index) => {
    const at = localTime(change.at, now);
    const ends = change.until === null ? "" : ` ${localTime(change.until, now)}`;
    if (index === present && change.state === state)
      return change.text.replace(/^(ON|OFF)/, `$1 since ${at}`).replace(/; ends by (its pulse|max_on)$/, `; ends${ends} by $1`);
    const allowed = change.allowed_at === undefined ? "" : `; allowed from ${localTime(change.allowed_at, now)}`;
    return `${at}  ${change.text.replace(/; ends by (its pulse|max_on)$/, `; to end${ends} by $1`)}${allowed}`;
  });
}
