import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startBroker } from "./broker.mjs";
import { compiled } from "./compiled.mjs";
import { goal, median, short } from "./figures.mjs";
import { cpuOf } from "./process.mjs";
import { observe, pinbus, start } from "./programs.mjs";

const execute = promisify(execFile);
/** Commands of one turn, and how many a second. */
const commands = 300;
const rate = 100;
const warming = 5000;

const relays = (from, to) => Array.from({ length: to - from }, (_, index) => `out-${from + index}`).join(", ");
/** Each convention for all 20 outputs that are commanded; a cover has two of its own. */
const conventions = {
  homeassistant: { more: "homeassistant:\n" },
  homie: { more: "homie:\n" },
  tasmota: {
    more: `tasmota:\n${[0, 8, 16].map((from) => `  plug-${from}: { topic: plug-${from}, discovery: off, relays: [${relays(from, Math.min(20, from + 8))}] }\n`).join("")}`,
  },
  covers: {
    outputs: 22,
    interlocked: 2,
    more: "covers: { gate: { open: out-20, close: out-21 } }\n",
  },
};
const sections = Object.values(conventions)
  .map(({ more }) => more)
  .join("");
/** Each on its own, and all on one machine. */
const cases = { ...conventions, "all of them": { ...conventions.covers, more: sections } };

/** Command → observed state with a convention, and without any: they take turns. */
export async function run({ rounds, folder, log }) {
  const broker = await startBroker(folder);
  const observer = await observe(broker.port);
  const load = compiled("load", ["-lmosquitto"]);
  const execLoad = async (base, ...mode) => {
    const { stdout } = await execute(load, [String(broker.port), base, "1", "5", ...mode.map(String)]);
    return JSON.parse(stdout);
  };
  const measure = async ({ pid, base }) => {
    const before = cpuOf(pid);
    const result = await execLoad(base, "paced", rate, commands);
    if (result.answered < result.sent) log(`${base}: ${result.sent - result.answered} of ${result.sent} commands without an answer`);
    return { p50: result.p50, p99: result.p99, cpu: (cpuOf(pid) - before) / result.sent };
  };
  const sides = [];
  try {
    for (const [name, settings] of Object.entries(cases)) {
      const off = { name: "off", own: { outputs: settings.outputs, interlocked: settings.interlocked }, figures: [] };
      const on = { name: "on", own: settings, figures: [] };
      for (let round = 1; round <= rounds; round++) {
        const agents = [];
        try {
          // Each round has processes of its own: two of the same program differ by more than a convention costs.
          for (const side of [off, on]) {
            const node = `profile-${name.replaceAll(" ", "-")}-${side.name}-${round}`;
            const agent = await start(pinbus(side.own), { folder, port: broker.port, node, observer });
            agents.push({ side, agent });
            await execLoad(agent.base, "closed", warming);
          }
          for (const { side, agent } of round % 2 === 0 ? agents.toReversed() : agents) side.figures.push(await measure(agent));
        } finally {
          for (const { agent } of agents) await agent.stop();
        }
      }
      sides.push({ name, off: off.figures, on: on.figures });
      log(`${name}: ${rounds} rounds`);
    }
  } finally {
    await observer.close();
    await broker.stop();
  }
  const of = (list, figure) => median(list.map((one) => one[figure]));
  const ratio = ({ on, off }, figure) => of(on, figure) / of(off, figure);
  return {
    title: "Profile: command → state with a convention of others, and without",
    columns: ["", "p50 µs without", "with", "p99 µs without", "with", "CPU µs each without", "with"],
    rows: sides.map((side) => [
      side.name,
      ...["p50", "p99", "cpu"].flatMap((figure) => [short(of(side.off, figure)), short(of(side.on, figure))]),
    ]),
    goals: sides.slice(0, -1).map((side) => goal(`p50 with ${side.name} ÷ without`, ratio(side, "p50"), { most: 1.1 })),
    notes: [
      `One round: ${commands} commands at ${rate}/s to 20 outputs, on mosquitto with MQTT 5, with a new process on each side. Homie and each of three plugs of Tasmota have a connection of their own, ` +
        "and tell each change there as well; that is behind the state, and in the processor's time. The outputs of the cover are not commanded.",
    ],
  };
}
