import { exit } from "../exit.ts";
import { CommandError, print } from "./command.ts";
import type { DemoBox } from "./demo-box.ts";
import type { Play } from "./demo-play/play.ts";
import { Stage } from "./demo-stage.ts";

const stepWithin = 15_000;

export interface ScriptOptions {
  /** Gets the lines for a person. */
  tell(line: string): void;
  /** How long a step may take. */
  within: number;
}

/** Each step of the play, and a stop, waiting for what an independent subscriber sees. Throws a CommandError with what was missing. */
export async function playScript(
  box: DemoBox,
  play: Play,
  { tell, within }: ScriptOptions = { tell: print, within: stepWithin },
): Promise<number> {
  const { base } = box.client.hello;
  let number = 0;
  const title = (text: string) => {
    tell("");
    tell(`${++number}. ${text.replaceAll("P/", `${base}/`)}`);
  };
  for (const line of aboutOf(box)) tell(line);
  tell("Below each step stand the MQTT messages as an independent subscriber saw them.");
  const { stage, witness } = await Stage.open(box, play, tell);
  try {
    title("A subscriber comes: every state is there, retained, and the agent is online.");
    await witness.see([["P/status", "online"], ...(play.begin ?? [])], { within, live: false });
    for (const step of play.steps) {
      title(step.text);
      await stage.perform(step);
      const again = step.again === undefined ? undefined : setInterval(() => stage.perform(step).catch(() => {}), step.again);
      await witness
        .see(step.sees ?? [], { within, live: true, ...(step.never && { never: step.never }) })
        .finally(() => clearInterval(again));
    }
    title("The agent is stopped, as systemd does it: outputs go to their exit states, and it says goodbye.");
    const stopped = box.stop();
    await witness.see([["P/status", "offline"], ...(play.end ?? [])], { within, live: true });
    const code = await stopped;
    if (code !== 0) throw new CommandError(exit.bug, `the agent ended with ${code}:\n${box.log()}`);
    tell("");
    tell("Done: every step was seen.");
    return exit.ok;
  } catch (error) {
    // What the agent refuses to a play is the play's fault, not that of who typed.
    throw error instanceof CommandError ? new CommandError(exit.bug, `step ${number}: ${error.message}`, error) : error;
  } finally {
    await stage.end();
  }
}

/** What runs, and what of the example is not there. */
function aboutOf({ port, setting: { server, without, sooner } }: DemoBox): string[] {
  return [
    `The agent runs on the simulated board; its own broker listens on 127.0.0.1 port ${port}.`,
    ...(server === null ? [] : [`The server of the example, ${server}, is not reached: the broker is in its place.`]),
    ...Object.entries(sooner).map(([path, value]) => `${path} is ${value} here, so that nobody has to wait for long.`),
    ...(without.length === 0 ? [] : [`Left out, since it belongs to the real place: ${without.join(", ")}.`]),
  ];
}
