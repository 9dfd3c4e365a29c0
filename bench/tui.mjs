import { execFileSync, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brokerVersion, startBroker } from "./broker.mjs";
import { buttonsFile, connectButtons, press } from "./buttons.mjs";
import { agentFlags, agentMain, agentVariables, root } from "./compiled.mjs";
import { median, percentile, short } from "./figures.mjs";
import { probed } from "./probed.mjs";
import { cpuOf, end, pause, rssOf, unlessEnded } from "./process.mjs";
import { openTerminal } from "./terminal.mjs";
import { report } from "./tui-report.mjs";

const topics = 10_000;
const rate = 5_000;
/** For this part of the time the rate is twice as high before: in 36 s each topic gets the 32 messages that it keeps, and some more. */
const warmPart = 0.6;
/** What a mobile link may be: bytes a second, ms each way. */
const slow = { rate: 20_000, delay: 100 };
const inside = join(root, "bench/tui-inside.mjs");
/** Below the tabs and the title. */
const topRow = 2;
const size = { cols: 120, rows: 40 };

/** The terminal UI at 10,000 topics and 5,000 messages a second, on a stalled terminal, on a slow link, and beside an agent that it looks at. */
export async function run({ rounds, seconds, folder, log }) {
  const broker = await startBroker(folder);
  const noAgent = ["--socket", join(folder, "none.sock")];
  const ui = [process.execPath, agentMain, "tui", "--broker", `mqtt://127.0.0.1:${broker.port}`];
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const programs = [
    { name: `pinbus tui ${version}`, command: [...ui, ...noAgent], load: true, keys: true },
    { name: "the same without a screen (baseline)", command: [process.execPath, inside, "none", broker.port], load: true },
    {
      name: "pinbus tui, messages made in the process",
      command: [process.execPath, inside, "screen", "-", topics, rate, seconds * warmPart],
      keys: true,
    },
    { name: "the same without a screen (baseline)", command: [process.execPath, inside, "none", "-", topics, rate, seconds * warmPart] },
    { name: `mosquitto_sub -v -t # ${brokerVersion()}`, command: ["mosquitto_sub", "-p", broker.port, "-v", "-t", "#"], load: true },
    mqttui(broker.port),
  ].filter(Boolean);
  const each = programs.map(() => []);
  const others = { stalled: [], slow: [], first: [], agent: [] };
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [index, program] of programs.entries()) {
        const figures = await loaded(program, broker.port, seconds);
        each[index].push(figures);
        log(`round ${round}: ${program.name}: CPU ${short(figures.cpu)} %, key p95 ${short(figures.p95)} ms, RSS ${short(figures.rss)} MB`);
      }
      others.stalled.push(await stalled([...ui, ...noAgent], broker.port, folder, seconds));
      others.slow.push(await overSlowLink([...ui, ...noAgent], broker.port, seconds));
      others.first.push(await started([...ui, ...noAgent]));
      others.agent.push(await besideAgent(ui, broker.port, folder, seconds, round));
      log(`round ${round}: stalled, slow link, start and agent done`);
    }
  } finally {
    await broker.stop();
  }
  return report({ programs, each, others, seconds, topics, rate, size, slow, warmPart });
}

/** A peer that Debian and npm do not have; taken when it is in the PATH. */
function mqttui(port) {
  try {
    const name = execFileSync("mqttui", ["--version"], { encoding: "utf8" }).trim();
    return { name, command: ["mqttui", "--broker", `mqtt://127.0.0.1:${port}`], load: true };
  } catch {
    return undefined;
  }
}

/** Somebody who publishes, until `use` is done. */
async function underLoad(port, messages, use) {
  const child = spawn(process.execPath, [join(root, "bench/tui-load.mjs"), port, topics, messages].map(String), { stdio: "ignore" });
  try {
    return await unlessEnded(child, "the load", use());
  } finally {
    await end(child);
  }
}

/** Twice the rate until the histories are full; then the rate, with a key now and then. */
async function loaded({ command, load, keys }, port, seconds) {
  const terminal = openTerminal(command.map(String), size);
  try {
    if (keys) await ready(terminal);
    const warm = pause(seconds * warmPart * 1000);
    if (load) await underLoad(port, rate * 2, () => warm);
    else await warm;
    return await (load ? underLoad(port, rate, () => measured(terminal, keys, seconds)) : measured(terminal, keys, seconds));
  } finally {
    await terminal.close();
  }
}

async function measured(terminal, keys, seconds) {
  // What the first messages at this rate cost is not what it costs.
  await pause(1000);
  const before = { at: performance.now(), cpu: cpuOf(terminal.pid), rss: rssOf(terminal.pid), written: terminal.written() };
  const over = before.at + seconds * 1000;
  const times = keys ? await answered(terminal, over) : [];
  await pause(over - performance.now());
  const passed = (performance.now() - before.at) / 1000;
  const rss = rssOf(terminal.pid);
  return {
    cpu: (cpuOf(terminal.pid) - before.cpu) / passed / 1e4,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    max: times.length > 0 ? Math.max(...times) : Number.NaN,
    rss,
    growth: rss - before.rss,
    bytes: (terminal.written() - before.written) / passed / 1000,
    shown: shownRate(terminal),
  };
}

const shownRate = (terminal) => Number(/([\d,]+) msg\/s/.exec(terminal.text().join("\n"))?.[1].replaceAll(",", ""));

/** The tree is there, with all of its branches unfolded. */
async function ready(terminal) {
  await terminal.until((rows) => rows.at(-1).includes("Help"), "the key hints");
  terminal.type("o");
}

/** The selection goes down and up again until `over`: from the key to the row that is selected, in ms. */
async function answered(terminal, over) {
  const times = [];
  await terminal.until((rows) => /Topics 1\d,\d/.test(rows[1]), "all topics");
  // At the top the row moves; further down the list does.
  terminal.type("g");
  await terminal.until(() => terminal.selected() === topRow, "the first topic selected");
  for (let count = 0; performance.now() < over || count < 4; count++) {
    const before = terminal.selected();
    const at = performance.now();
    terminal.type(count % 2 === 0 ? "j" : "k");
    times.push((await terminal.until(() => terminal.selected() !== before, "the next topic selected")) - at);
    // Never in step with the frames.
    await pause(150 + ((count * 37) % 200));
  }
  return times;
}

/** The person's terminal takes nothing for a while. */
async function stalled([node, ...args], port, folder, seconds) {
  const probe = probed(folder);
  const terminal = openTerminal([node, ...probe.flags, ...args], { ...size, env: probe.env });
  const lasts = Math.max(2, seconds / 4) * 1000;
  try {
    await ready(terminal);
    return await underLoad(port, rate, async () => {
      await pause(lasts);
      await probe.ask(terminal.pid);
      await pause(lasts);
      const before = await probe.ask(terminal.pid);
      terminal.stall();
      await pause(lasts);
      const during = await probe.ask(terminal.pid);
      terminal.resume();
      const [back] = await answered(terminal, 0);
      return { restGap: before.gapMs, gap: during.gapMs, queued: during.queued / 1000, back };
    });
  } finally {
    await terminal.close();
  }
}

async function overSlowLink(command, port, seconds) {
  const terminal = openTerminal(command, { ...size, ...slow });
  try {
    await ready(terminal);
    return await underLoad(port, rate, async () => {
      const times = await answered(terminal, performance.now() + seconds * 500);
      return { p50: median(times), max: Math.max(...times), keys: times.length, queued: terminal.mostQueued() / 1000 };
    });
  } finally {
    await terminal.close();
  }
}

/** From before the process is made to a whole first screen, and to the end of one that says its version. */
async function started(command) {
  const time = async (program, done) => {
    const began = performance.now();
    const terminal = openTerminal(program, { cols: 80, rows: 24 });
    const at = await done(terminal);
    await terminal.close();
    return at - began;
  };
  const ended = async ({ exited }) => {
    await exited;
    return performance.now();
  };
  const whole = (rows) => rows[0].includes("[1 Topics]") && rows.at(-1).includes("Help");
  return {
    ui: await time(command, (terminal) => terminal.until(whole, "the first screen")),
    bin: await time([process.execPath, agentMain, "--version"], ended),
    node: await time([process.execPath, "-e", "0"], ended),
  };
}

/** Button → relay and CPU of an agent, without a terminal that shows its pins, with one and without again; the broker is as busy in all. */
async function besideAgent(ui, port, folder, seconds, round) {
  const name = join(folder, `agent-${round}`);
  const file = buttonsFile(name, { node: `box-${round}`, prefix: "tui", port });
  const output = openSync(`${name}.log`, "w");
  const command = [...agentFlags, agentMain, "run", "--config", file];
  const child = spawn(process.execPath, command, { stdio: ["ignore", output, output], env: { ...process.env, ...agentVariables } });
  let agent;
  try {
    agent = await unlessEnded(child, "the agent", connectButtons(`${name}.sock`));
    const window = async () => {
      const before = { at: performance.now(), cpu: cpuOf(child.pid) };
      const { p50, p99, unanswered } = await press(agent, pause(seconds * 500));
      return { p50, p99, unanswered, cpu: (cpuOf(child.pid) - before.cpu) / (performance.now() - before.at) / 10 };
    };
    return await underLoad(port, rate, async () => {
      // The first presses compile what they run.
      await press(agent, pause(2_000));
      const before = await window();
      const watched = await whileShown([...ui, "--socket", `${name}.sock`], window);
      return { without: [before, await window()], with: [watched] };
    });
  } catch (error) {
    throw new Error(`${error.message}\n${readFileSync(`${name}.log`, "utf8").slice(-2000)}`);
  } finally {
    agent?.control.close();
    await end(child);
  }
}

/** What is measured while a terminal shows the pins. */
async function whileShown(command, measure) {
  const terminal = openTerminal(command, size);
  try {
    await ready(terminal);
    terminal.type("2");
    await terminal.until((rows) => rows.some((row) => row.includes("in-0 ")), "the pins");
    return await measure();
  } finally {
    await terminal.close();
  }
}
