// The part of edge.mjs that runs inside the test machine. usage: node edge-inside.mjs ROUNDS; prints one JSON line
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { percentile } from "./figures.mjs";
import { end, pause } from "./process.mjs";

const execute = promisify(execFile);
const rounds = Number(process.argv[2]);
const presses = 100;
/** Long enough that what a press publishes and logs is done: a hand is not faster. */
const pauseUs = 50_000;
const rates = [1_000, 2_000, 5_000, 10_000, 20_000, 40_000];
const edge = join(import.meta.dirname, "../build/bench/edge");
const folder = mkdtempSync(join(tmpdir(), "bench-"));
const tracing = "/sys/kernel/tracing";
const pullOf = (line) => `/run/board/sim_gpio${line}/pull`;
// GPIO numbers of the header; C and pinbus each have a button, a lamp and a line that is only counted.
const lines = [
  { button: 17, lamp: 27, bounce: 22, consumer: "bench:button" },
  { button: 23, lamp: 24, bounce: 25, consumer: "pinbus:button" },
];

for (const { button, bounce } of lines) for (const line of [button, bounce]) writeFileSync(pullOf(line), "pull-down");
const broker = spawn("mosquitto", ["-p", "1883"], { stdio: "ignore" });
const c = spawn(edge, ["answer", "pinctrl-bcm2711", ...[lines[0].button, lines[0].lamp, lines[0].bounce].map(String)], {
  stdio: ["ignore", "pipe", "inherit"],
});
const fromC = createInterface({ input: c.stdout })[Symbol.asyncIterator]();
await fromC.next();
const agent = await startAgent();

try {
  openTrace();
  const sides = lines.map(() => ({ rounds: [] }));
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const result = await latency(lines[index]);
      if (round > 0) side.rounds.push(result);
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  const floods = [];
  for (const rate of rates) floods.push(await flood(rate));
  process.stdout.write(`${JSON.stringify({ kernel: release(), sides, floods, presses, pause: pauseUs / 1000 })}\n`);
} finally {
  await Promise.all([agent.stop(), end(c), end(broker)]);
}

async function startAgent() {
  const socket = join(folder, "control.sock");
  const [, { button, lamp, bounce }] = lines;
  writeFileSync(
    join(folder, "pinbus.yaml"),
    `node: edge
gpio: { driver: chardev }
state_dir: ${folder}/state
control: { socket: ${socket} }
mqtt: { server: 127.0.0.1 }
inputs: { button: { line: ${button}, debounce: 0ms }, bounce: { line: ${bounce} } }
outputs: { lamp: { line: ${lamp} } }
rules:
  down: { when: { input: button, gesture: press }, do: [{ output: lamp, set: on }] }
  up: { when: { input: button, gesture: release }, do: [{ output: lamp, set: off }] }
`,
  );
  const log = openSync(join(folder, "pinbus.log"), "a");
  const main = join(import.meta.dirname, "../dist/agent/main.cjs");
  const child = spawn(process.execPath, [main, "run", "--config", join(folder, "pinbus.yaml")], { stdio: ["ignore", log, log] });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the agent ended by itself:\n${readFileSync(join(folder, "pinbus.log"), "utf8")}`);
    const control = await connect(socket).catch(() => undefined);
    if (control && (await control("status")).link.online) {
      return { control, stop: () => end(child) };
    }
    await pause(100);
  }
}

/** A client of the control socket: `ask(method)`. */
async function connect(path) {
  const socket = createConnection(path);
  await once(socket, "connect");
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  let id = 0;
  const ask = async (method, params = {}) => {
    socket.write(`${JSON.stringify({ id: ++id, method, params })}\n`);
    const { value } = await answers.next();
    const answer = JSON.parse(value);
    if (!answer.ok) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  };
  await ask("hello", { protocol: 1, client: "bench" });
  return ask;
}

/**
 * Switched on once: a tracepoint is switched by patching the running kernel, which an emulated second processor can trip over
 * (seen: int3 in the scheduler). For the same reason without the names of tasks, which would patch the scheduler.
 */
function openTrace() {
  trace("tracing_on", "0");
  trace("options/record-cmd", "0");
  trace("trace_clock", "mono");
  trace("events/gpio/gpio_value/filter", "get == 0");
  for (const event of ["irq/irq_handler_entry", "gpio/gpio_value"]) trace(`events/${event}/enable`, "1");
}

function trace(name, text) {
  writeFileSync(join(tracing, name), text);
}

/** Presses one button and reads from the kernel's trace when each edge came and when the lamp was written. */
async function latency({ button, lamp, consumer }) {
  trace("events/irq/irq_handler_entry/filter", `name == "${consumer}"`);
  trace("trace", "");
  trace("tracing_on", "1");
  await execute(edge, ["press", pullOf(button), String(presses), String(pauseUs), `/run/board/sim_gpio${lamp}/value`]);
  trace("tracing_on", "0");
  const text = readFileSync(join(tracing, "trace"), "utf8");
  const times = [];
  let edgeAt;
  let edges = 0;
  for (const [, at, event] of text.matchAll(/ (\d+\.\d+): (irq_handler_entry|gpio_value): /g)) {
    if (event === "irq_handler_entry") {
      edges++;
      edgeAt = Number(at) * 1e6;
    } else if (edgeAt !== undefined) {
      times.push(Number(at) * 1e6 - edgeAt);
      edgeAt = undefined;
    }
  }
  if (edges === 0) throw new Error(`the trace has no interrupt of ${consumer}`);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), slowest: Math.max(...times), missing: presses - times.length };
}

/** As many edges a second as asked for, or as the hand can do, on each counted line in turn. */
async function flood(rate) {
  const count = rate * 2;
  const result = { rate: [], edges: [], seen: [], lost: [] };
  for (const [index, { bounce }] of lines.entries()) {
    const before = await counts();
    const { stdout } = await execute(edge, ["press", pullOf(bounce), String(count), String(1e6 / rate)]);
    let after = await counts();
    // Everything has been read when two looks in a row see the same.
    for (let last = -1; last !== after[index].seen; ) {
      last = after[index].seen;
      await pause(200);
      after = await counts();
    }
    result.rate.push(count / Number(stdout));
    result.edges.push(count);
    result.seen.push(after[index].seen - before[index].seen);
    result.lost.push(after[index].lost - before[index].lost);
  }
  process.stderr.write(`${result.rate.map(Math.round).join(" and ")} edges/s: lost ${result.lost.join(" and ")}\n`);
  return result;
}

/** Edges seen and lost so far, for C and pinbus. */
async function counts() {
  c.kill("SIGUSR1");
  const [seen, lost] = (await fromC.next()).value.split(" ").map(Number);
  const view = await agent.control("pins");
  const bounce = view.pins.find(({ id }) => id === "bounce");
  return [
    { seen, lost },
    { seen: view.edges, lost: bounce.lost },
  ];
}
