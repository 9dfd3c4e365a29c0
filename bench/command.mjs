import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startBroker } from "./broker.mjs";
import { compiled } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";
import { cpuOf } from "./process.mjs";
import { echoC, echoJs, nodeRed, observe, pinbus, start } from "./programs.mjs";

const execute = promisify(execFile);
/** Commands of one round. Of 30 at 10/s the median was 1.09 to 1.4 × the echo's in four runs. */
const slow = 60;
const fast = 300;
/** The first 5,000 of a program measure how V8 compiles it. */
const closed = 30_000;
const open = 5_000;
const names = ["p50slow", "p99slow", "p50", "p99", "cpu", "closed", "open", "openCpu"];

/** Command → observed state, and commands a second. */
export async function run({ rounds, folder, log }) {
  const sides = [
    ...(await compare(5, { rounds, folder, log })),
    ...(await compare(4, { rounds: Math.min(rounds, 5), folder, log, only: ["pinbus", echoJs.name] })),
  ];
  const row = ({ name, figures, wrong }) => [
    name,
    ...names.map((figure) => short(figures[figure])),
    wrong === 0 ? "yes" : `**no, ${wrong} times**`,
  ];
  const find = (name) => sides.find((side) => side.name.startsWith(name))?.figures;
  const [own, js, red] = [find("pinbus"), find(echoJs.name), find("Node-RED")];
  return {
    title: "Command: `…/set` published → `…/state` seen, QoS 1 both ways, state retained",
    columns: [
      "",
      "10/s p50 µs",
      "p99",
      "100/s p50 µs",
      "p99",
      "CPU µs each",
      "closed loop /s",
      "open loop /s",
      "CPU µs each",
      "last state right",
    ],
    rows: sides.map(row),
    goals: [
      goal("10/s p50 ÷ MQTT.js echo", own.p50slow / js.p50slow, { most: 1.15 }),
      goal("10/s p99 ÷ MQTT.js echo", own.p99slow / js.p99slow, { most: 1.5 }),
      goal("100/s p50 ÷ MQTT.js echo", own.p50 / js.p50, { most: 1.15 }),
      goal("100/s p99 ÷ MQTT.js echo", own.p99 / js.p99, { most: 1.5 }),
      goal("closed loop ÷ MQTT.js echo", own.closed / js.closed, { least: 0.9 }),
      goal("open loop ÷ MQTT.js echo", own.open / js.open, { least: 0.9 }),
      ...(red
        ? [
            goal("100/s p50 ÷ Node-RED", own.p50 / red.p50, { most: 1 }),
            goal("closed loop ÷ Node-RED", own.closed / red.closed, { least: 1 }),
            goal("open loop ÷ Node-RED", own.open / red.open, { least: 1 }),
          ]
        : []),
    ],
    notes: [
      `One round: ${slow} commands at 10/s, ${fast} at 100/s, ${closed.toLocaleString("en")} in a closed loop (19 outputs, one unanswered command each), ` +
        `${open.toLocaleString("en")} in an open loop (until the state of the last one is seen). In an open loop pinbus publishes only the newest state of an output; an echo answers each command.`,
    ],
  };
}

async function compare(version, { rounds, folder, log, only }) {
  const broker = await startBroker(folder);
  const observer = await observe(broker.port);
  const load = compiled("load", ["-lmosquitto"]);
  const quiet = { ...pinbus({ level: "warn" }), name: "pinbus, log.level: warn" };
  const programs = [pinbus(), echoJs, quiet, echoC, nodeRed()].filter((program) => program && (!only || only.includes(program.name)));
  const sides = [];
  try {
    for (const [index, program] of programs.entries()) {
      const running = await start(program, { folder, port: broker.port, node: `command-${version}-${index}`, observer, version });
      const mqtt = version === 5 ? "" : ", MQTT 3.1.1";
      sides.push({ name: `${program.name} ${program.version}${mqtt}`, running, rounds: [], wrong: 0 });
    }
    const measure = async ({ running }, ...mode) => {
      const before = cpuOf(running.pid);
      const { stdout } = await execute(load, [String(broker.port), running.base, "1", String(version), ...mode.map(String)]);
      const result = JSON.parse(stdout);
      if (result.answered < result.sent)
        log(`${running.base}: ${result.sent - result.answered} of ${result.sent} commands without an answer`);
      return { ...result, cpu: (cpuOf(running.pid) - before) / result.sent, rate: result.answered / result.seconds };
    };
    // The first round warms up what compiles itself while it runs.
    for (let round = 0; round <= rounds; round++) {
      for (const side of sides) {
        const atSlow = await measure(side, "paced", 10, round === 0 ? 10 : slow);
        const atFast = await measure(side, "paced", 100, fast);
        const inClosed = await measure(side, "closed", closed);
        const inOpen = await measure(side, "open", open);
        if (![atSlow, atFast, inClosed, inOpen].every((result) => result.last_right)) side.wrong++;
        if (round === 0) continue;
        side.rounds.push({
          p50slow: atSlow.p50,
          p99slow: atSlow.p99,
          p50: atFast.p50,
          p99: atFast.p99,
          cpu: atFast.cpu,
          closed: inClosed.rate,
          open: inOpen.rate,
          openCpu: inOpen.cpu,
        });
      }
      log(`round ${round} of ${rounds}, MQTT ${version === 5 ? "5" : "3.1.1"}`);
    }
  } finally {
    for (const { running } of sides) await running.stop();
    await observer.close();
    await broker.stop();
  }
  return sides.map((side) => ({ ...side, figures: mediansOf(side.rounds, names) }));
}
