import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startBroker } from "./broker.mjs";
import { compiled } from "./compiled.mjs";
import { goal, median, short } from "./figures.mjs";
import { cpuOf, pause, rssOf, wakeupsOf } from "./process.mjs";
import { echoC, echoJs, nodeRed, observe, pinbus, start } from "./programs.mjs";

const execute = promisify(execFile);
/** Commands a second while the memory is watched. */
const loadRate = 200;
/** What is compiled and touched under load at all is there after so many seconds of it. */
const earlySeconds = 10;

/** Memory, CPU and wake-ups at rest, `rounds` processes of each kind at the same time; then memory under load. */
export async function run({ rounds, seconds, load, folder, log }) {
  const broker = await startBroker(folder);
  const observer = await observe(broker.port);
  const early = Math.min(earlySeconds, load / 2);
  const programs = [pinbus(), echoJs, echoC, nodeRed()].filter(Boolean);
  const sides = programs.map((program) => ({ name: `${program.name} ${program.version}`, running: [] }));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [index, program] of programs.entries()) {
        sides[index].running.push(await start(program, { folder, port: broker.port, node: `idle-${index}-${round}`, observer }));
      }
    }
    // The start itself is not rest; the last sixth of the time would miss what happens every 10 s.
    const settle = Math.min(10, seconds / 2);
    await pause(settle * 1000);
    const look = () => ({
      at: performance.now(),
      all: sides.map(({ running }) => running.map(({ pid }) => ({ cpu: cpuOf(pid), wakeups: wakeupsOf(pid) }))),
    });
    const before = look();
    log(`${rounds} processes of each run; waiting ${seconds} s`);
    await pause((seconds - settle) * 1000);
    const after = look();
    const window = (after.at - before.at) / 1000;
    for (const [index, side] of sides.entries()) {
      const change = (name) => median(after.all[index].map((now, at) => (now[name] - before.all[index][at][name]) / window));
      side.cpu = change("cpu") / 1e4;
      side.wakeups = change("wakeups");
      side.rss = median(side.running.map(({ pid }) => rssOf(pid)));
    }
    log(`${load} s of ${loadRate} commands a second`);
    await Promise.all(sides.map(({ running: [first] }) => underLoad(first, broker.port, early)));
    for (const side of sides) side.early = rssOf(side.running[0].pid);
    await Promise.all(sides.map(({ running: [first] }) => underLoad(first, broker.port, load - early)));
    for (const side of sides) side.late = rssOf(side.running[0].pid);
  } finally {
    for (const { running } of sides) for (const one of running) await one.stop();
    await observer.close();
    await broker.stop();
  }
  const [own, js] = sides;
  return {
    title: "Idle: 20 inputs, 20 outputs, 10 rules, online, nothing happens",
    columns: [
      "",
      `RSS MB after ${seconds} s`,
      "CPU % of a core",
      "wake-ups /s",
      `RSS MB after ${early} s of load`,
      `after ${load} s of load`,
    ],
    rows: sides.map(({ name, rss, cpu, wakeups, early, late }) => [name, ...[rss, cpu, wakeups, early, late].map(short)]),
    goals: [
      goal("RSS, MB", own.rss, { most: 70 }),
      goal("RSS ÷ MQTT.js echo", own.rss / js.rss, { most: 1.15 }),
      goal("idle CPU, % of a core", own.cpu, { most: 0.1 }),
      goal("wake-ups a second", own.wakeups, { most: 4 }),
      goal(`growth from ${early} s to ${load} s of load, MB`, own.late - own.early, { most: 2 }),
    ],
    notes: [
      `${rounds} processes of each program rest side by side; medians over them. The load is ${loadRate} commands a second on one of each. MB = 10⁶ bytes. \`--seconds\` and \`--load\` set the times; the goal for growth is meant for \`--load 600\`.`,
    ],
  };
}

async function underLoad({ base }, port, seconds) {
  const count = Math.max(1, Math.round(seconds * loadRate));
  await execute(compiled("load", ["-lmosquitto"]), [String(port), base, "1", "5", "paced", String(loadRate), String(count)]);
}
