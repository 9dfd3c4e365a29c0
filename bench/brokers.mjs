import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { answers, brokerVersion, freePort, startBroker } from "./broker.mjs";
import { agentFlags, agentMain, agentVariables, compiled, packageVersion, root } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";
import { cpuOf, end, pause, rssOf, unlessEnded } from "./process.mjs";

/** Publishers, subscribers; publications as fast as possible, and a second for the times. */
const patterns = [
  { name: "1 → 1", publishers: 1, subscribers: 1, count: 40_000, rate: 200 },
  { name: "1 → 10", publishers: 1, subscribers: 10, count: 8_000, rate: 50 },
  { name: "100 → 1", publishers: 100, subscribers: 1, count: 40_000, rate: 200 },
];
const cells = [0, 1].flatMap((qos) => patterns.map((pattern) => ({ ...pattern, qos, label: `QoS ${qos}, ${pattern.name}` })));
const idleClients = 500;
const pacedSeconds = 2;

/** The built-in broker of an agent with its defaults, bare aedes and mosquitto: what they deliver, how late, and what clients cost that rest. */
export async function run({ rounds, folder, log }) {
  const load = compiled("broker-load");
  const programs = [
    { name: "pinbus", start: () => startAgent(folder) },
    { name: `bare aedes ${packageVersion("aedes")}`, start: () => startNode([join(root, "bench/aedes.mjs")]) },
    { name: `mosquitto ${brokerVersion()}`, start: () => startBroker(folder) },
  ].map((program) => ({ ...program, figures: cells.map(() => []), idle: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const { start, idle } of programs) idle.push(await rest(load, start));
    for (const { start, figures } of programs) {
      const broker = await start();
      try {
        for (const [index, cell] of cells.entries()) figures[index].push(await measure(load, broker, cell));
      } finally {
        await broker.stop();
      }
    }
    log(`round ${round} of ${rounds}`);
  }
  return report(programs);
}

async function measure(load, { port, pid }, { publishers, subscribers, count, rate, qos }) {
  const ask = async (...args) =>
    JSON.parse((await promisify(execFile)(load, [port, qos, publishers, subscribers, ...args].map(String))).stdout);
  // Once unmeasured: what is compiled at run time is compiled then.
  await ask(count / 4);
  const before = cpuOf(pid);
  const fast = await ask(count);
  const cpu = (cpuOf(pid) - before) / fast.delivered;
  const paced = await ask(rate * pacedSeconds, rate);
  return {
    rate: fast.delivered / fast.seconds,
    cpu,
    busy: (100 * fast.busy) / fast.seconds,
    p50: paced.p50,
    p99: paced.p99,
    missing: fast.missing + paced.missing,
  };
}

/** What a client that rests takes of the memory, in kB. */
async function rest(load, start) {
  const broker = await start();
  try {
    await pause(2000);
    const before = rssOf(broker.pid);
    const child = spawn(load, [String(broker.port), "idle", String(idleClients)], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await unlessEnded(child, "broker-load", once(child.stdout, "data"));
      await pause(5000);
      return { before, after: rssOf(broker.pid) };
    } finally {
      await end(child);
    }
  } finally {
    await broker.stop();
  }
}

function report(programs) {
  const names = ["rate", "cpu", "busy", "p50", "p99", "missing"];
  const rows = cells.flatMap(({ label }, index) => {
    const medians = programs.map(({ figures }) => mediansOf(figures[index], names));
    const peer = medians.at(-1);
    return programs.map(({ name }, at) => {
      const { rate, cpu, busy, p50, p99, missing } = medians[at];
      const ratios = [short(rate / peer.rate), short(p50 / peer.p50)];
      return [label, name, short(rate), ratios[0], short(cpu), short(p50), ratios[1], short(p99), short(missing), short(busy)];
    });
  });
  const ratios = (figure, peer) =>
    cells.map((_, index) => {
      const [own, other] = [programs[0], programs[peer]].map(({ figures }) => mediansOf(figures[index], names)[figure]);
      return own / other;
    });
  const [own, aedes, mosquitto] = programs.map(({ name, idle }) => ({ name, ...mediansOf(idle, ["before", "after"]) }));
  const kb = ({ before, after }) => ((after - before) * 1000) / idleClients;
  const memory = [own, aedes, mosquitto].map((of) => `${of.name} ${short(of.before)} → ${short(of.after)} MB, ${short(kb(of))} kB each`);
  return {
    title: "Broker: publications of 64 bytes through the built-in broker, bare aedes and mosquitto",
    columns: ["", "broker", "deliveries /s", "÷ mosquitto", "CPU µs each", "p50 µs", "÷ mosquitto", "p99", "missing", "load busy %"],
    rows,
    goals: [
      goal("deliveries a second ÷ mosquitto, the worst of six", Math.min(...ratios("rate", 2)), { least: 0.5 }),
      goal("p50 ÷ mosquitto, the worst of six", Math.max(...ratios("p50", 2)), { most: 2 }),
      goal("deliveries a second ÷ bare aedes, the worst of six", Math.min(...ratios("rate", 1)), { least: 0.9 }),
      goal("p50 ÷ bare aedes, the worst of six", Math.max(...ratios("p50", 1)), { most: 1.1 }),
    ],
    notes: [
      "Publishers → subscribers. As fast as possible: at most 1,000 publications under way, 20 unacknowledged ones of one publisher. The times: 200 a second for two seconds (50 with ten subscribers). “Load busy” is the share of the time in which the program that plays the clients had the processor.",
      `${idleClients} clients that rest, each with a subscription: ${memory.join("; ")}.`,
    ],
  };
}

async function startAgent(folder) {
  const [port, dir] = [await freePort(), join(folder, `broker-${Date.now()}`)];
  mkdirSync(dir);
  const file = join(dir, "pinbus.yaml");
  const broker = `{ listeners: [{ protocol: mqtt, address: 127.0.0.1, port: ${port} }], max_connections: 1000 }`;
  writeFileSync(file, `node: bench\ngpio: { driver: sim }\nstate_dir: state\ncontrol: { socket: control.sock }\nbroker: ${broker}\n`);
  return startNode([...agentFlags, agentMain, "run", "--config", file], port, agentVariables);
}

async function startNode(args, given, variables) {
  const port = given ?? (await freePort());
  const child = spawn(process.execPath, given ? args : [...args, String(port)], { stdio: "ignore", env: { ...process.env, ...variables } });
  const answered = async () => {
    while (!(await answers(port))) await pause(20);
  };
  await unlessEnded(child, args.at(-1), answered());
  return { port, pid: child.pid, stop: () => end(child) };
}
