import { exit } from "../exit.ts";
import { withAgent } from "./client.ts";
import { type Command, durationOption, print, readArgs, socketOptions, socketPath, usageError } from "./command.ts";
import { play } from "./play.ts";
import { readingOf } from "./sim-reading.ts";

/** `pinbus sim`: the world around the simulated board of a running agent. */
export const sim: Command = {
  usage:
    "press <input> [--for 120ms] [--bounce 5ms] | sensor <sensor> VALUE|NAME=VALUE…|ok|hang|fail [REASON] [--json] | play FILE [--speed 1]",
  summary: "on the simulated board of a running agent: press a button, tell a sensor what it reads, or play a recording or a script",
  async run(args) {
    const times = { for: { type: "string" }, bounce: { type: "string" }, speed: { type: "string" } } as const;
    const options = { ...socketOptions, ...times, json: { type: "boolean" } } as const;
    const { values, positionals } = readArgs(args, options, args[0] === "sensor" ? { min: 3, max: 64 } : { min: 2, max: 2 });
    const [verb, what = ""] = positionals;
    const path = socketPath(values);
    if (verb === "sensor") {
      if (values.for !== undefined || values.bounce !== undefined || values.speed !== undefined)
        throw usageError("--for and --bounce go with press, and --speed with play");
      const to = readingOf(positionals.slice(2));
      const answer = await withAgent(path, (client) => client.request("sim-sensor", { sensor: what, to }));
      if (values.json) print(JSON.stringify({ id: what, ...answer }));
      return exit.ok;
    }
    if (values.json) throw usageError("--json goes with sensor");
    if (verb === "play") {
      if (values.for !== undefined || values.bounce !== undefined) throw usageError("--for and --bounce go with press");
      return play(path, what, speedOption(values.speed));
    }
    if (verb !== "press") throw usageError(`sim takes press, sensor or play, not ${JSON.stringify(verb)}`);
    if (values.speed !== undefined) throw usageError("--speed goes with play");
    const forMs = durationOption("for", values.for);
    const bounceMs = durationOption("bounce", values.bounce);
    const more = { ...(forMs === undefined ? {} : { for_ms: forMs }), ...(bounceMs === undefined ? {} : { bounce_ms: bounceMs }) };
    await withAgent(path, (client) => client.request("sim-press", { input: what, ...more }));
    return exit.ok;
  },
};

function speedOption(text = "1"): number {
  const speed = Number(text);
  if (!(speed >= 0.01 && speed <= 1000)) throw usageError(`--speed takes a number from 0.01 to 1000, not ${JSON.stringify(text)}`);
  return speed;
}
