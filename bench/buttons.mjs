import { writeFileSync } from "node:fs";
import { connectAgent } from "../dist/agent/command/client.js";
import { percentile } from "./figures.mjs";
import { pause } from "./process.mjs";

/** The next press of another button. */
export const pressEvery = 50;
/** Who waits longer than this was not answered. */
const patience = 10_000;
const buttons = 10;
/** CLOCK_MONOTONIC in ms, the agent's clock too. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Where the histories of the relays are asked for; each keeps 32 changes. */
const historyEvery = 2_000;

const each = (entry) => Array.from({ length: buttons }, (_, index) => `  ${entry(index)}`).join("\n");
/** Buttons of the simulated board, each with a relay. */
export const buttonsConfig = `gpio: { driver: sim, board: pi4 }
inputs:
${each((index) => `in-${index}: { line: GPIO${index + 2}, debounce: 0ms }`)}
outputs:
${each((index) => `out-${index}: { line: GPIO${index + 12} }`)}
rules:
${each((index) => `rule-${index}: { when: { input: in-${index}, gesture: press }, do: [{ output: out-${index}, set: toggle }] }`)}
log: { level: info, format: text }
`;

/** Writes `NAME.yaml`, for an agent with these buttons that keeps everything beside it; returns the name of the file. */
export function buttonsFile(name, { node, prefix, port, config = buttonsConfig }) {
  const file = `${name}.yaml`;
  writeFileSync(
    file,
    `node: ${node}
prefix: ${prefix}
state_dir: ${name}
control: { socket: ${name}.sock, view: ${name}-view.sock }
mqtt: { server: 127.0.0.1, port: ${port} }
${config}`,
    { mode: 0o600 },
  );
  return file;
}

/** The control socket of an agent that is online, and its observed writes as `onWritten(output, at)`. */
export async function connectButtons(socket) {
  const agent = { onWritten: () => {} };
  const listener = {
    push({ data }) {
      const { event } = typeof data === "string" ? JSON.parse(data) : data;
      if (event?.type === "output-written") agent.onWritten(event.output, event.at);
    },
    closed: () => {},
  };
  for (;;) {
    agent.control ??= await connectAgent(socket, listener).catch(() => undefined);
    if ((await agent.control?.request("status", {}))?.link.online) break;
    await pause(50);
  }
  await agent.control.request("record", {});
  return agent;
}

/**
 * The same from the histories of the relays, to a millisecond, rounded up: for an agent that has so much else to record that a recording would cost more
 * than what is measured. Ends with its control connection.
 */
export async function connectHistories(socket) {
  const agent = { onWritten: () => {}, control: await connectAgent(socket) };
  const told = new Map();
  const offset = performance.timeOrigin + performance.now() - now();
  const ask = async () => {
    for (let index = 0; index < buttons; index++) {
      const output = `out-${index}`;
      const changes = (await agent.control.request("why", { output })).reverse();
      const first = told.get(output);
      for (const { at } of changes) {
        if (at <= (told.get(output) ?? "")) continue;
        told.set(output, at);
        // What was before the first look was nobody's press.
        if (first !== undefined) agent.onWritten(output, Date.parse(at) + 1 - offset);
      }
      if (first === undefined && changes.length === 0) told.set(output, " ");
    }
  };
  await ask();
  (async () => {
    for (;;) {
      await pause(historyEvery);
      await ask();
    }
  })().catch(() => {});
  return agent;
}

/** Presses until `side` is done, with `look` after each press: from the moment before a press is asked for to the observed write. */
export async function press(agent, side, look = () => {}) {
  const [pressed, times] = [new Map(), []];
  let [count, pressing] = [0, true];
  agent.onWritten = (output, at) => {
    const since = pressed.get(output)?.shift();
    if (since !== undefined) times.push(at - since);
  };
  const answers = [];
  const hand = (async () => {
    for (let next = now(); pressing; next += pressEvery) {
      const button = count++ % buttons;
      const waiting = pressed.get(`out-${button}`) ?? [];
      pressed.set(`out-${button}`, waiting);
      waiting.push(now());
      answers.push(agent.control.request("sim-press", { input: `in-${button}`, for_ms: 5 }));
      look();
      const wait = next + pressEvery - now();
      if (wait > 0) await pause(wait);
    }
  })();
  const told = await side;
  pressing = false;
  await hand;
  await Promise.all(answers);
  for (const over = now() + patience; times.length < count && now() < over; ) await pause(20);
  agent.onWritten = () => {};
  const slowest = Math.max(...times);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), slowest, unanswered: count - times.length, told };
}
