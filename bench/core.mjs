import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";

const execute = promisify(execFile);
const sizes = [10, 1000];

/** The pure decision core: what an event costs, and whether it costs more with more inputs and rules. */
export async function run({ rounds, log }) {
  const results = new Map(sizes.map((size) => [size, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes) results.get(size).push(await once(size));
    log(`round ${round} of ${rounds}`);
  }
  const names = ["press", "garbage", "bounce", "bounceGarbage", "command", "commandGarbage"];
  const [few, many] = sizes.map((size) => mediansOf(results.get(size), names));
  const row = (text, figures) => [text, ...names.map((name) => short(figures[name]))];
  return {
    title: "Core: events per second of CPU through `reduce`, no lines, no broker, no clock",
    columns: [
      "inputs, outputs, rules",
      "presses, events/s",
      "bytes an event",
      "bouncing line, edges/s",
      "bytes an edge",
      "commands, events/s",
      "bytes an event",
    ],
    rows: [row("10", few), row("1,000", many), row("ratio", Object.fromEntries(names.map((name) => [name, many[name] / few[name]])))],
    goals: [
      goal("events a second, presses with a rule", few.press, { least: 500_000 }),
      goal("events a second, bouncing line", few.bounce, { least: 500_000 }),
      goal("bytes of garbage an event, presses", few.garbage, { most: 1000 }),
      goal("bytes of garbage an event, bouncing line", few.bounceGarbage, { most: 1000 }),
      goal("1,000 ÷ 10: time of a press event", few.press / many.press, { most: 1.1 }),
      goal("1,000 ÷ 10: time of a bouncing edge", few.bounce / many.bounce, { most: 1.1 }),
    ],
    notes: [
      "A press is five events: edge, settle timer, observed write of the rule's output, edge, settle timer; they come from all inputs in turn. A bouncing line stays " +
        "on one input; a command is two events, the payload and the observed write.",
    ],
  };
}

/** A fresh process: what one size has taught the optimiser must not serve the other. */
async function once(size) {
  // From the start as large as it may become: a collection while it still grows would be counted as memory that was never used.
  const flags = ["--expose-gc", "--min-semi-space-size=512", "--max-semi-space-size=512"];
  const { stdout } = await execute(process.execPath, [...flags, join(root, "bench/core-inside.mjs"), String(size)]);
  return JSON.parse(stdout);
}
