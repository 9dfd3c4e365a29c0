import { exit } from "../exit.ts";
import { withAgent } from "./client.ts";
import { type Command, durationOption, print, readArgs, socketOptions, socketPath, usageError } from "./command.ts";

// What is asked of the agent itself; over MQTT the same is `P/cmd/<name>`, as far as the configuration allows it.

const options = { ...socketOptions, json: { type: "boolean" } } as const;

/** One word, and for how long. */
function readTimed(args: string[]) {
  const { values, positionals } = readArgs(args, { ...options, for: { type: "string" } }, { min: 1, max: 1 });
  const forMs = durationOption("for", values.for);
  return { values, word: positionals[0] ?? "", time: forMs === undefined ? {} : { for_ms: forMs } };
}

/** `pinbus identify`: one output blinks, then it is as it was. */
export const identify: Command = {
  usage: "<output> [--for 5s] [--json]",
  summary: "blink an output to see which one it is; it must have `identify: on`",
  async run(args) {
    const { values, word: output, time } = readTimed(args);
    const answer = await withAgent(socketPath(values), (client) => client.request("identify", { output, ...time }));
    print(values.json ? JSON.stringify(answer) : `${answer.output} blinks for ${answer.for_ms / 1000} s`);
    return exit.ok;
  },
};

/** `pinbus log-level`: more in the log, for a limited time. */
export const logLevel: Command = {
  usage: "error|warn|info|debug [--for 10m] [--json]",
  summary: "log more for a limited time; a reload ends it",
  async run(args) {
    const { values, word, time } = readTimed(args);
    const level = (["error", "warn", "info", "debug"] as const).find((one) => one === word);
    if (level === undefined) throw usageError(`log-level takes error, warn, info or debug, not ${JSON.stringify(word)}`);
    const answer = await withAgent(socketPath(values), (client) => client.request("log-level", { level, ...time }));
    print(values.json ? JSON.stringify(answer) : `${answer.level} until ${answer.until}`);
    return exit.ok;
  },
};

/** `pinbus resync`: every retained topic once more. */
export const resync: Command = {
  usage: "",
  summary: "publish every retained topic again",
  async run(args) {
    const { values } = readArgs(args, socketOptions, { min: 0, max: 0 });
    await withAgent(socketPath(values), (client) => client.request("resync", {}));
    return exit.ok;
  },
};
