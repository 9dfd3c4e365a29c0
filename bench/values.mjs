import { execFileSync, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { startBroker } from "./broker.mjs";
import { buttonsConfig, buttonsFile, connectButtons, connectHistories, press, pressEvery } from "./buttons.mjs";
import { agentFlags, agentMain, agentVariables, root } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";
import { probed } from "./probed.mjs";
import { cpuOf, end, pause, rssOf, unlessEnded } from "./process.mjs";
import { topicOf } from "./tui-topics.mjs";

const sensors = 1000;
const rules = 500;
/** So many simulated sensors a second say something else, and cross the limit of their rule. */
const crossings = 50;
const topics = 100;
const rate = 5000;
/** How long the last value of each topic may take to arrive. */
const patience = 10_000;
const names = ["cpu", "pressedCpu", "gap", "p50", "p99", "slowest", "unanswered", "rss"];

const list = (count, entry) => Array.from({ length: count }, (_, index) => `  ${entry(index)}`).join("\n");
const sensorsConfig = `sensors:
${list(sensors, (index) => `v-${index}: { driver: thermal, zone: zone-${index}, every: 1s, stale_after: 10s }`)}
`;
const ruleOf = (sensor, index) =>
  `value-${index}: { when: { sensor: ${sensor}, below: 20, hysteresis: 1 }, do: [{ publish: values/low/${index}, payload: low }], on_stale: none, on_broker_lost: none }`;
const rulesConfig = `${list(rules, (index) => ruleOf(`v-${index}`, index))}
`;
const topicsConfig = `sensors:
${list(topics, (index) => `t-${index}: { driver: topic, topic: ${topicOf(index)}, values: { temperature: { value: t, unit: °C } }, stale_after: 10s, publish: false }`)}
`;
// The rules of the buttons stand before those on values.
const withRules = (more) => buttonsConfig.replace(/(?=^log:)/m, more);

/** What readings and messages cost an agent, and whether a button waits for them: the same agent without, with each, in turn. */
export async function run({ rounds, seconds, folder, log }) {
  const broker = await startBroker(folder);
  const all = [
    { name: "buttons only", config: buttonsConfig, during: pause },
    { name: `${short(sensors)} simulated sensors at 1 Hz`, config: `${buttonsConfig}${sensorsConfig}`, prepare: tellAll, during: crossing },
    {
      name: `the same with ${rules} rules on them`,
      config: `${withRules(rulesConfig)}${sensorsConfig}`,
      prepare: tellAll,
      during: crossing,
    },
    {
      name: `${short(rate)} messages/s into ${topics} topic values`,
      config: `${buttonsConfig}${topicsConfig}`,
      during: flood,
      last: lastRight,
    },
  ];
  const sides = all.map((side) => ({ ...side, rounds: [], right: [], known: isKnown(side.config, folder) }));
  const measured = sides.filter(({ known }) => known);
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [index, side] of measured.entries()) {
        const { right, ...figures } = await once(side, { folder, node: `values-${round}-${index}`, port: broker.port, seconds });
        side.rounds.push(figures);
        if (right !== undefined) side.right.push(right);
        log(
          `round ${round}: ${side.name}: CPU ${short(figures.cpu)} %, longest gap ${short(figures.gap)} ms, p99 ${short(figures.p99)} ms`,
        );
      }
    }
  } finally {
    await broker.stop();
  }
  return report(sides);
}

function report(sides) {
  const figures = sides.map(({ rounds }) => mediansOf(rounds, names));
  const [rest] = figures;
  const right = sides.at(-1).right;
  return {
    title: "Values: what readings and messages cost, and whether a button waits for them",
    columns: [
      "",
      "CPU %",
      "CPU % with presses",
      "longest gap of the loop, ms",
      "press p50 ms",
      "p99",
      "slowest",
      "not answered",
      "RSS MB",
      "p99 ÷ buttons only",
    ],
    rows: sides.map(({ name, known }, index) => [
      known ? name : `${name}: not in this version`,
      ...names.map((figure) => short(figures[index][figure])),
      short(figures[index].p99 / rest.p99),
    ]),
    goals: [
      ...sides.slice(1).map(({ name }, index) => goal(`p99 ÷ buttons only: ${name}`, figures[index + 1].p99 / rest.p99, { most: 1.5 })),
      goal(
        "presses that were not answered",
        sides.flatMap(({ rounds }) => rounds).reduce((sum, { unanswered }) => sum + unanswered, 0),
        { most: 0 },
      ),
      goal("topic values that were right after the flood, %", right.length === 0 ? Number.NaN : Math.min(...right), { least: 100 }),
    ],
    notes: [
      `Each agent runs alone, in turn, on the simulated board with 10 buttons and 10 relays, online at mosquitto; half of the time nobody presses, half of it a press comes each ${pressEvery} ms. ` +
        `${crossings} of the simulated sensors a second say something else, on the other side of the limit of their rule. Button = the moment before the press of the ` +
        "simulated board is asked for, relay = the observed write as the history of the output has it, to a millisecond, rounded up. " +
        "The gap is that of a timer of 10 ms, while nobody presses.",
    ],
  };
}

/** Whether this pinbus takes such a configuration. */
function isKnown(config, folder) {
  const file = buttonsFile(join(folder, "known"), { node: "known", prefix: "values", port: 1883, config });
  try {
    execFileSync(process.execPath, [agentMain, "check", "--config", file], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function once(side, { folder, node, port, seconds }) {
  const name = join(folder, node);
  const file = buttonsFile(name, { node, prefix: "values", port, config: side.config });
  const output = openSync(`${name}.log`, "w");
  const probe = probed(folder);
  const command = [...agentFlags, ...probe.flags, agentMain, "run", "--config", file];
  const child = spawn(process.execPath, command, {
    stdio: ["ignore", output, output],
    env: { ...process.env, ...agentVariables, ...probe.env },
  });
  let agent;
  const half = seconds * 500;
  try {
    // It is online when it may be recorded; that ends here, since it would cost more than the presses.
    (await unlessEnded(child, "the agent", connectButtons(`${name}.sock`))).control.close();
    agent = await connectHistories(`${name}.sock`);
    await side.prepare?.(agent.control);
    const busy = async (ms) => {
      const before = { at: performance.now(), cpu: cpuOf(child.pid) };
      await side.during(ms, { control: agent.control, port });
      return (cpuOf(child.pid) - before.cpu) / (performance.now() - before.at) / 10;
    };
    // The first presses, readings and messages compile what they run.
    await press(agent, busy(2000));
    await probe.ask(child.pid);
    const cpu = await busy(half);
    const { gapMs } = await probe.ask(child.pid);
    const { told: pressedCpu, p50, p99, slowest, unanswered } = await press(agent, busy(half));
    const right = await side.last?.(agent.control, port);
    return { cpu, gap: gapMs, pressedCpu, p50, p99, slowest, unanswered, rss: rssOf(child.pid), right };
  } catch (error) {
    throw new Error(`${error.message}\n${readFileSync(`${name}.log`, "utf8").slice(-2000)}`);
  } finally {
    agent?.control.close();
    await end(child);
  }
}

const tell = (control, index, value) => control.request("sim-sensor", { sensor: `v-${index}`, to: value });

/** Until a simulated sensor is told what to read, its reads fail. */
async function tellAll(control) {
  // The agent takes so many requests of one client at a time, and no more.
  const batch = 200;
  for (let from = 0; from < sensors; from += batch) {
    await Promise.all(Array.from({ length: Math.min(batch, sensors - from) }, (_, index) => tell(control, from + index, 25)));
  }
}

async function crossing(ms, { control }) {
  const over = performance.now() + ms;
  for (let count = 0; performance.now() < over; count++) {
    const second = Math.floor(count / crossings);
    await tell(control, count % sensors, second % 2 === 0 ? 15 : 25);
    await pause(1000 / crossings);
  }
}

/** Somebody who publishes, with nice 19: in a house he has a processor of his own. */
async function flood(ms, { port }) {
  const load = [join(root, "bench/tui-load.mjs"), port, topics, rate].map(String);
  const child = spawn("nice", ["-n", "19", process.execPath, ...load], { stdio: "ignore" });
  try {
    await unlessEnded(child, "the load", pause(ms));
  } finally {
    await end(child);
  }
}

/** How many of the values, in percent, are in the end those that were published last. */
async function lastRight(control, port) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  for (let index = 0; index < topics; index++) await client.publishAsync(topicOf(index), `{"t":${1000 + index}}`, { qos: 1 });
  await client.endAsync();
  let right = 0;
  for (const over = performance.now() + patience; right < topics && performance.now() < over; await pause(100)) {
    const { sensors: all = [] } = await control.request("pins", {});
    right = all.filter(({ id, values }) => values[0]?.value === 1000 + Number(id.slice(2))).length;
  }
  return (right * 100) / topics;
}
