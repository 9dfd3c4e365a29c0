import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Client } from "../../agent/command/client.ts";
import { board } from "./board.ts";
import { type Case, eventually } from "./cases.ts";
import { run } from "./commands.ts";
import { configure, dropIn, home, wipe } from "./install.ts";
import { journalCursor, journalSince, show } from "./unit.ts";

export const gpio = { porch: 17, lamp: 27, alarm: 22, fan: 5, bell: 6 };

/** One output for each way to end: off, on after a crash, on after a stop, as it is. */
export const yaml = (more = "mqtt: { server: 127.0.0.1 }") => `node: machine
gpio: { driver: chardev }
${more}
inputs:
  porch: { line: 17, active: low, bias: pull-up }
outputs:
  lamp: { line: 27 }
  alarm: { line: 22, on_crash: on }
  fan: { line: 5, on_exit: on }
  bell: { line: 6, on_exit: keep, on_crash: keep }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [ { output: lamp, set: toggle } ] }
`;

/** The emulated processor is slow, more so beside other work; the unit's own limits are tested in `service.ts`. */
const patience = ["TimeoutStartSec=300s", "TimeoutStopSec=120s"];

let cursor = "";

/** The service running with this configuration and these settings of [Service]; the journal is read from here on. */
export async function start(config: string, ...settings: string[]): Promise<void> {
  await prepared(config, ...settings);
  await run("systemctl", "start", "pinbus.service");
}

/** The same, not started yet. */
export async function prepared(config: string, ...settings: string[]): Promise<void> {
  await wipe();
  await configure(config);
  await dropIn(...patience, ...settings);
  board.pull(gpio.porch, "up");
  // Each output gets the pull of its state after a crash: where the kernel lets go, that is the level.
  for (const [id, line] of Object.entries(gpio)) if (id !== "porch") board.pull(line, id === "alarm" ? "up" : "down");
  cursor = await journalCursor();
}

/** What the service and systemd about it have written since the start of the case. */
export async function journal(): Promise<string> {
  return (await journalSince(cursor)).join("\n");
}

/** Waits for an entry; resolves with its text. */
export async function said(pattern: RegExp): Promise<string> {
  return eventually(`${pattern} in the journal`, async () => pattern.exec(await journal())?.[0] ?? false);
}

export async function mustNotHaveSaid(pattern: RegExp): Promise<void> {
  const found = pattern.exec(await journal())?.[0];
  if (found !== undefined) throw new Error(`the journal says: ${found}`);
}

/** The same process since then, and ready. */
export async function stillRuns(pid: number): Promise<void> {
  const { MainPID, ActiveState, NRestarts } = await show("MainPID", "ActiveState", "NRestarts");
  if (Number(MainPID) !== pid || ActiveState !== "active" || NRestarts !== "0")
    throw new Error(`pid ${pid} before, now ${MainPID}, ${ActiveState}, ${NRestarts} restarts`);
}

/** Switches by the control socket and waits for the wire. */
export async function switchTo(agent: Client, output: "lamp" | "alarm" | "fan" | "bell", state: "ON" | "OFF"): Promise<void> {
  await agent.request("set", { output, state });
  await board.reaches(gpio[output], state === "ON" ? 1 : 0);
}

/** A press of the button, until the lamp has this level, and its release until that is known. */
export async function pressUntil(agent: Client, lamp: 0 | 1): Promise<void> {
  board.pull(gpio.porch, "down");
  await board.reaches(gpio.lamp, lamp);
  board.pull(gpio.porch, "up");
  await eventually("the button up", async () => (await agent.request("get", { id: "porch" })).state === "OFF");
}

/** A control client, from the installed program: the packages of the share load slowly. */
export async function withAgent<T>(work: (agent: Client) => Promise<T>): Promise<T> {
  const { connectAgent } = (await import(`${home}/dist/agent/command/client.js`)) as typeof import("../../agent/command/client.ts");
  const agent = await connectAgent("/run/pinbus/control.sock");
  try {
    return await work(agent);
  } finally {
    agent.close();
  }
}

/** After the death of the agent: `safe` has driven what has a state for it, and systemd has started another process. */
export async function madeSafeAndRestarted(pid: number): Promise<void> {
  await said(/^lamp off: on_crash$/m);
  await said(/^alarm on: on_crash$/m);
  const ready = async () => {
    const { MainPID, ActiveState } = await show("MainPID", "ActiveState");
    return ActiveState === "active" && Number(MainPID) > 0 && Number(MainPID) !== pid;
  };
  await eventually("another process, ready", ready, 300_000); // `safe` and the start, each some seconds of a busy host's emulated processor
  await board.reaches(gpio.lamp, 0);
  await board.reaches(gpio.alarm, 0); // on_start
}

/** The case, and behind it its part of the journal as evidence, also when it failed. */
export function told(file: string, { name, run: act }: Case): Case {
  return {
    name,
    run: async () => {
      cursor = await journalCursor();
      try {
        await act();
      } finally {
        mkdirSync(dirname(file), { recursive: true });
        appendFileSync(file, `# ${name}\n${(await journalSince(cursor, "short-precise")).join("\n")}\n\n`);
      }
    },
  };
}
