import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { eventually } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { program } from "./install.ts";

// What the built-in broker keeps: a retained message, and what waits for a session that sleeps, with Debian's own clients.

const at = ["-h", "127.0.0.1", "-p", "1884", "-q", "1"];
const sleeper = [...at, "-i", "sleeper", "-c", "-t", "sleeper/#"];

/** An agent with the built-in broker, which keeps its things in `folder`, beside the one whose broker is away. */
export async function startBuiltIn(folder: string): Promise<{ stop(): Promise<void> }> {
  mkdirSync("/run/built-in", { recursive: true });
  const yaml = `node: built-in
gpio: { driver: sim }
state_dir: ${folder}
control: { socket: /run/built-in/control.sock }
broker: { listeners: [{ protocol: mqtt, port: 1884 }], max_queued: 65534 }
`;
  writeFileSync("/run/built-in/pinbus.yaml", yaml, { mode: 0o600 });
  const log = openSync("/run/built-in/log", "a");
  const child = spawn(program[0], [program[1], "run", "--config", "/run/built-in/pinbus.yaml"], { stdio: ["ignore", log, log] });
  await eventually("the built-in broker", async () => (await attempt("mosquitto_pub", ...at, "-t", "anybody", "-m", "?")).code === 0);
  return {
    async stop() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Subscribes, and is away from then on. */
export async function fallAsleep(): Promise<void> {
  await run("mosquitto_sub", ...sleeper, "-E");
}

/** Publishes the numbers from 1 on, one after the other; `acknowledged` is the last one that the broker has taken. */
export function publishNumbers(topic: string, ...more: string[]) {
  const child = spawn("stdbuf", ["-oL", "mosquitto_pub", ...at, "-d", "-l", "-t", topic, ...more], { stdio: ["pipe", "pipe", "inherit"] });
  const publisher = {
    acknowledged: 0,
    async next(): Promise<void> {
      const number = publisher.acknowledged + 1;
      child.stdin.write(`${number}\n`);
      await eventually(`PUBACK ${number} of ${topic}`, () => publisher.acknowledged >= number);
    },
  };
  createInterface(child.stdout).on("line", (line) => {
    if (line.includes("received PUBACK")) publisher.acknowledged++;
  });
  return publisher;
}

export async function retainedNumber(topic: string): Promise<number> {
  return Number((await run("mosquitto_sub", ...at, "-t", topic, "-C", "1", "-W", "60")).trim());
}

/** Everything that waited, in its order. */
export async function wakeUp(): Promise<number[]> {
  await run("mosquitto_pub", ...at, "-t", "sleeper/end", "-m", "end");
  const child = spawn("stdbuf", ["-oL", "mosquitto_sub", ...sleeper, "-W", "60"], { stdio: ["ignore", "pipe", "inherit"] });
  const numbers: number[] = [];
  try {
    for await (const line of createInterface(child.stdout)) {
      if (line === "end") return numbers;
      numbers.push(Number(line));
    }
    throw new Error(`the end did not come behind ${numbers.length} messages`);
  } finally {
    child.kill();
  }
}
