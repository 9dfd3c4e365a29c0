import { readHost } from "../../config/host.ts";
import { loadConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { exit } from "../exit.ts";
import { type Command, CommandError, print, readArgs } from "./command.ts";
import { type DemoBox, startDemoBox } from "./demo-box.ts";
import { commonPlay } from "./demo-play/common.ts";
import type { Play } from "./demo-play/play.ts";
import { plays } from "./demo-play/plays.ts";
import { playScript } from "./demo-script.ts";
import { exampleSetting } from "./demo-setting.ts";
import { Stage } from "./demo-stage.ts";
import { asksForExamples, checkExample, exampleLines, readExample } from "./example.ts";

const endings = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

/** `pinbus demo`: the agent on the simulated board. With a terminal the TUI opens on it; without one a scenario runs and is printed. */
export const demo: Command = {
  usage: "[--example [NAME]] [--script]",
  summary: "the agent, or an example, on a simulated board with its own broker: TUI on a terminal, else a scripted scenario",
  async run(args) {
    if (asksForExamples(args)) {
      for (const line of exampleLines()) print(line);
      return exit.ok;
    }
    const { values } = readArgs(args, { script: { type: "boolean" }, example: { type: "string" } } as const, { min: 0, max: 0 });
    const { example } = values;
    if (example !== undefined) checkExample(example);
    const terminal = process.stdin.isTTY && process.stdout.isTTY && !values.script;
    // What is left behind goes with the exit.
    for (const [signal, number] of endings) process.once(signal, () => process.exit(128 + number));
    const own = plays.get(example ?? "demo");
    const box = await startDemoBox(undefined, example === undefined ? undefined : (dir) => exampleSetting(readExample(example), dir, own));
    try {
      const config = configOf(box);
      const play = own ?? commonPlay(config);
      return terminal ? await show(box, play, config) : await playScript(box, play);
    } catch (error) {
      process.stderr.write(`${box.log()}\n`);
      throw error;
    } finally {
      box.client.close();
      box.clean();
    }
  },
};

function configOf({ config, env }: DemoBox): Config {
  const result = loadConfig({ file: config, env, args: {}, host: readHost(), secrets: "leave" });
  if (!result.ok) throw new CommandError(exit.bug, "the demo's own configuration is wrong");
  return result.config;
}

/** How long the TUI shows a step before the next one. */
const stepEvery = 4000;

/** The TUI on the live demo, while the play goes on around it, again and again. */
async function show(box: DemoBox, play: Play, config: Config): Promise<number> {
  const { runTui } = await import("../../tui/main.ts");
  const { stage } = await Stage.open(box, play, () => {});
  let next = 0;
  const player = setInterval(() => {
    const step = play.steps[next++ % play.steps.length];
    if (step === undefined) return;
    const begun = step === play.steps[0] ? stage.begin() : Promise.resolve();
    // Whoever watches may have locked or stopped what the play moves.
    begun.then(() => stage.perform(step)).catch(() => {});
  }, stepEvery);
  try {
    return await runTui({ config, readOnly: false, ascii: false, utf8: false, env: box.env, onEnd: () => box.clean() });
  } finally {
    clearInterval(player);
    await stage.end();
    await box.stop();
  }
}
