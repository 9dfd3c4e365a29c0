// Inside the machine, as root: power-cut.js before <package.tar>, until the machine is cut; then, in a new machine with the same disk,
// power-cut.js after <package.tar> <what the first one printed>
// What waits for a broker that is away, and what the built-in broker of another agent keeps, on a real file system whose power goes
// without a word.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { board } from "./board.ts";
import { P } from "./bus.ts";
import { type Case, eventually, runCases } from "./cases.ts";
import { run } from "./commands.ts";
import { configure, dropIn, home, install, installBroker } from "./install.ts";
import { Listener } from "./listener.ts";
import { fallAsleep, publishNumbers, retainedNumber, startBuiltIn, wakeUp } from "./sleeper.ts";
import { journalTail } from "./unit.ts";

const [phase = "", tar = "", story = ""] = process.argv.slice(2);
const stateDir = "/var/lib/pinbus";
const builtInDir = `${stateDir}/built-in`;
const gpio = { bell: 17, meter: 22 };
/** Written beside the agent's files, and never synced: what is missing of it shows that the cut took what was not synced. */
const witness = `${stateDir}/witness`;
/** What a power cut may take: events wait 50 ms for the broker, then a second for the next sync, which takes its time on this machine. */
const allowed = 1500;

const yaml = `node: machine
gpio: { driver: chardev }
mqtt: { server: 127.0.0.1 }
outbox: { telemetry: disk }
inputs:
  bell: { line: 17, active: low, bias: pull-up, debounce: 0ms, hold: 10s, event_ttl: 1h }
  meter: { line: 22, kind: counter, active: low, bias: pull-up, report: 100ms }
sensors:
  tank: { driver: file, path: /run/tank/level, name: level, unit: l, every: 1s }
`;

/** What waited at a time of the first machine. */
interface Tick {
  at: number;
  events: number;
  readings: number;
  /** The last numbers that the built-in broker has acknowledged. */
  sleeping: number;
  retained: number;
}

/** A control client, from the installed program: here are no packages. */
async function connect() {
  const { connectAgent } = (await import(`${home}/dist/agent/command/client.js`)) as typeof import("../../agent/command/client.ts");
  return connectAgent("/run/pinbus/control.sock");
}

async function prepare(): Promise<void> {
  await run("modprobe", "ext4");
  mkdirSync(stateDir, { recursive: true });
  await run("mount", "/dev/vdb", stateDir);
  mkdirSync("/run/tank", { recursive: true });
  writeFileSync("/run/tank/level", "1\n");
  await install(tar);
  await installBroker();
  await dropIn("TimeoutStartSec=300s", "WatchdogSec=120s");
  await configure(yaml);
}

/** Presses and pulses for as long as the machine lives; says after each what waits by now. */
async function produce(): Promise<never> {
  await run("systemctl", "start", "pinbus.service");
  const agent = await connect();
  await startBuiltIn(builtInDir);
  await fallAsleep();
  const [sleeping, kept] = [publishNumbers("sleeper/number"), publishNumbers("kept/number", "-r")];
  const waiting = async () => (await agent.request("status", {})).outbox;
  for (let events = 1; ; events++) {
    board.pull(gpio.bell, "down");
    board.pull(gpio.meter, "down");
    await eventually("the bell pressed", async () => (await agent.request("get", { id: "bell" })).state === "ON");
    board.pull(gpio.bell, "up");
    board.pull(gpio.meter, "up");
    await eventually(`${events} events`, async () => (await waiting()).waiting >= events);
    await Promise.all([sleeping.next(), kept.next()]);
    const { waiting: made, telemetry } = await waiting();
    const acknowledged = { sleeping: sleeping.acknowledged, retained: kept.acknowledged };
    const tick: Tick = { at: performance.now(), events: made, readings: telemetry?.waiting ?? 0, ...acknowledged };
    appendFileSync(witness, `${JSON.stringify(tick)}\n`);
    console.log(JSON.stringify(tick));
  }
}

function ticksIn(file: string): Tick[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => /^\{.*\}$/.test(line)).map((line) => JSON.parse(line) as Tick);
}

const ticks = phase === "after" ? ticksIn(story) : [];
const last = ticks.at(-1);
/** What was made so long before the cut that it must have outlived it. */
const safe = ticks.findLast(({ at }) => at < (last?.at ?? 0) - allowed);

let heard: Listener | undefined;
const arrived = (pattern: RegExp) => {
  const payloads = (heard?.heard ?? []).filter(({ topic }) => pattern.test(topic)).map(({ payload }) => payload);
  return payloads.map((payload) => JSON.parse(payload) as Record<string, unknown>);
};

const cases: Case[] = [
  {
    name: "the cut was one: what nobody had synced is not on the disk",
    run: async () => {
      if (safe === undefined) throw new Error(`too little was made before the cut: ${ticks.length} ticks`);
      const left = readdirSync(stateDir).includes("witness") ? ticksIn(witness).length : 0;
      console.log(`# ${ticks.length} ticks were written before the cut, ${left} of them are on the disk`);
      if (left >= ticks.length) throw new Error("everything is on the disk: the power was not cut");
    },
  },
  {
    name: "the agent comes up with the files as the cut left them, and sends what waited",
    run: async () => {
      for (const name of ["outbox.jsonl", "telemetry.jsonl"]) {
        const bytes = readFileSync(`${stateDir}/${name}`);
        console.log(`# ${name}: ${bytes.length} bytes, ${bytes.filter((byte) => byte === 0).length} of them NUL`);
      }
      await run("systemctl", "start", "mosquitto.service");
      heard = await Listener.start(`${P}/#`);
      await run("systemctl", "start", "pinbus.service");
      await heard.wait(`${P}/status`, /^online$/);
      const agent = await connect();
      await eventually("nothing waits any more", async () => {
        const { waiting, telemetry } = (await agent.request("status", {})).outbox;
        return waiting === 0 && telemetry?.waiting === 0;
      });
      agent.close();
      const bad = readdirSync(stateDir).filter((name) => name.endsWith(".bad"));
      if (bad.length > 0) throw new Error(`set aside: ${bad.join(", ")}`);
    },
  },
  {
    name: "of the events at most the last second is lost, none is missing between, and none is NUL",
    run: async () => {
      const numbers = [...new Set(arrived(/\/in\/bell\/event$/).map(({ seq }) => Number(seq)))];
      const lost = (last?.events ?? 0) - numbers.length;
      console.log(`# ${last?.events} events were made, ${numbers.length} came, the last ${Math.max(0, lost)} are lost`);
      if (numbers.length < (safe?.events ?? 0)) throw new Error(`${safe?.events} were made more than ${allowed} ms before the cut`);
      const first = numbers[0] ?? 0;
      if (numbers.some((number, index) => number !== first + index)) throw new Error(`not one after the other: ${numbers.join()}`);
    },
  },
  {
    name: "of the readings at most the last second is lost, and each is marked as history",
    run: async () => {
      const readings = arrived(/\/history$/);
      // This run of the agent may have read something before it was connected.
      const before = readings.filter(({ ts }) => Date.parse(String(ts)) < startedAt);
      console.log(`# ${last?.readings} readings were made, ${before.length} came`);
      if (before.length < (safe?.readings ?? 0)) throw new Error(`${safe?.readings} were made more than ${allowed} ms before the cut`);
      if (readings.some(({ historical }) => historical !== true)) throw new Error("one is not marked");
      const totals = before.flatMap(({ total }) => (typeof total === "number" ? total : []));
      if (totals.length === 0 || totals.some((total, index) => total < (totals[index - 1] ?? 0)))
        throw new Error(`the totals are not in order: ${totals.join()}`);
      if (!before.some(({ level }) => level === 1)) throw new Error("the sensor is missing");
    },
  },
  {
    name: "the built-in broker opens its file as the cut left it, and nothing of NULs is in it then",
    run: async () => {
      const file = `${builtInDir}/broker.jsonl`;
      const nuls = () => readFileSync(file).filter((byte) => byte === 0).length;
      console.log(`# broker.jsonl: ${readFileSync(file).length} bytes, ${nuls()} of them NUL`);
      builtIn = await startBuiltIn(builtInDir);
      const bad = readdirSync(builtInDir).filter((name) => name.endsWith(".bad"));
      if (bad.length > 0) throw new Error(`set aside: ${bad.join(", ")}`);
      await eventually("the file is written anew without them", () => nuls() === 0);
    },
  },
  {
    name: "of what it acknowledged at most the last second is lost: the retained message, and what waits for a session, without a gap",
    run: async () => {
      const retained = await retainedNumber("kept/number");
      const numbers = [...new Set(await wakeUp())];
      console.log(
        `# ${last?.sleeping} were acknowledged for the session, ${numbers.length} came; ${last?.retained} retained, ${retained} is kept`,
      );
      if (retained < (safe?.retained ?? 0)) throw new Error(`${safe?.retained} was retained more than ${allowed} ms before the cut`);
      if (numbers.length < (safe?.sleeping ?? 0))
        throw new Error(`${safe?.sleeping} were acknowledged more than ${allowed} ms before the cut`);
      if (numbers.some((number, index) => number !== index + 1)) throw new Error(`not one after the other: ${numbers.join()}`);
    },
  },
];

let builtIn: Awaited<ReturnType<typeof startBuiltIn>> | undefined;
const startedAt = Date.now();
await prepare();
if (phase === "before") await produce();
const code = await runCases("power cut", cases, journalTail);
await heard?.stop();
await builtIn?.stop();
await run("systemctl", "stop", "pinbus.service");
process.exit(code);
