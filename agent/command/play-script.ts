import { open, stat } from "node:fs/promises";
import { whyUnread } from "../../config/file-words.ts";
import { parseDuration } from "../../config/formats.ts";
import { publishProblem } from "../../tui/publication.ts";
import { exit } from "../exit.ts";
import type { SimStep } from "../protocol.ts";
import { CommandError } from "./command.ts";
import { readingOf } from "./sim-reading.ts";

// A script is what somebody writes by hand, or a spreadsheet: a line for each thing that happens, with its time. See docs/recording.md.

/** Of a day in which something happens each second. */
const maxBytes = 8 * 1024 * 1024;

/** The steps of a script; undefined for a recording. Throws CommandError with the line that is wrong. */
export async function readScript(file: string): Promise<SimStep[] | undefined> {
  const text = await textOf(file);
  if (text === undefined) return undefined;
  const steps: SimStep[] = [];
  let last = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim();
    if (words === "" || words.startsWith("#")) continue;
    try {
      const step = stepOf(words, last);
      last = step.after_ms;
      steps.push(step);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(exit.refused, `${file}:${index + 1}: ${error.message}`);
    }
  }
  return steps;
}

/** Undefined when the file begins as a recording does. */
async function textOf(file: string): Promise<string | undefined> {
  // What came out of a pipe would be gone: that is read as a recording. Whoever opens it says what is wrong with it.
  if ((await stat(file).catch(() => undefined))?.isFile() === false) return undefined;
  const handle = await open(file).catch((error: unknown) => {
    throw wrong(`${file} could not be read: ${whyUnread(error)}; name a recording or a script`);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0);
    if (bytesRead === 1 && buffer[0] === "{".charCodeAt(0)) return undefined;
    if ((await handle.stat()).size > maxBytes)
      throw wrong(`${file} has more than ${maxBytes} bytes: this is neither a recording nor a script`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** `10s sensor tent humidity=55`; `+5s` counts from the line before. */
function stepOf(line: string, last: number): SimStep {
  const [, time = "", what = "", id = "", rest = ""] = /^(\S+)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
  if (id === "") throw wrong("a line is a time, what happens, and to whom: 10s sensor tent humidity=55");
  const ms = parseDuration(time.replace(/^\+/, ""));
  if (ms === undefined) throw wrong(`${JSON.stringify(time)} is no time: write it like 0s, 90s, 10m, or +5s after the line before`);
  const after_ms = time.startsWith("+") ? last + ms : ms;
  if (after_ms < last) throw wrong(`${time} is before the line above: write the lines in their order`);
  switch (what) {
    case "sensor": {
      const to = readingOf(rest.startsWith("fail ") ? ["fail", rest.slice(5).trim()] : rest.split(/\s+/));
      if (to === "hang" || to === "ok") throw wrong(`a script tells values, or fail: ${to} goes with \`pinbus sim sensor\``);
      return { after_ms, do: "reading", sensor: id, to };
    }
    case "message": {
      const problem = publishProblem(id);
      if (problem !== null) throw wrong(problem);
      return { after_ms, do: "heard", topic: id, payload: rest };
    }
    case "input":
      if (rest !== "on" && rest !== "off") throw wrong(`an input goes on or off, not ${JSON.stringify(rest.slice(0, 40))}`);
      return { after_ms, do: "level", input: id, active: rest === "on" };
    default:
      throw wrong(`${JSON.stringify(what.slice(0, 40))} is none of sensor, message and input`);
  }
}

function wrong(message: string): CommandError {
  return new CommandError(exit.refused, message);
}
