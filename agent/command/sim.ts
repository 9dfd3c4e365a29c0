import { exit } from "../exit.ts";
import { withAgent } from "./client.ts";
import { type Command, durationOption, readArgs, socketOptions, socketPath, usageError } from "./command.ts";
import { play } from "./play.ts";

/** `pinbus sim`: the world around the simulated board of a running agent. */
export const sim: Command = {
  usage: "press <input> [--for 120ms] [--bounce 5ms] | play FILE [--speed 1]",
  summary: "on the simulated board of a running agent: press a button, or play a recording's edges and commands",
  async run(args) {
    const times = { for: { type: "string" }, bounce: { type: "string" }, speed: { type: "string" } } as const;
    const { values, positionals } = readArgs(args, { ...socketOptions, ...times }, { min: 2, max: 2 });
    const [verb, what = ""] = positionals;
    const path = socketPath(values);
    if (verb === "play") {
      if (values.for !== undefined || values.bounce !== undefined) throw usageError("--for and --bounce go with press");
      return play(path, what, speedOption(values.speed));
    }
    if (verb !== "press") throw usageError(`sim takes press or play, not ${JSON.stringify(verb)}`);
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
