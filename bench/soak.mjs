// npm run soak -- [--minutes M]: the broker goes away and comes back while buttons are pressed as fast as they settle. Fails when the memory
// is not flat, or when an event is lost that no counter names. npm run soak -- tui [--minutes M]: soak-tui.mjs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectAsync } from "mqtt";
import { connectAgent } from "../dist/agent/command/client.js";
import { startBroker } from "./broker.mjs";
import { agentFlags, agentVariables, requireBuild, root } from "./compiled.mjs";
import { end, pause, unlessEnded } from "./process.mjs";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { minutes: { type: "string", default: "20" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not ${values.minutes}`);
requireBuild();
if (positionals[0] === "tui") process.exit(await (await import("./soak-tui.mjs")).run(minutes));

const inputs = 20;
const maxEvents = 1000;
/** What one waiting event may take of the heap: text, record, places in lists; measured 0.9 kB. */
const eventBytes = 2_000;
/** What two forced collections of the same state may differ by, in MB. */
const tolerance = { heap: 2, rss: 10 };
const awaySeconds = Math.max(5, minutes * 2);

const folder = mkdtempSync(join(tmpdir(), "pinbus-soak-"));
const broker = await startBroker(folder);
const proxy = await gate(broker.port);
const observer = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 5 });
const seen = new Map();
observer.on("message", (topic, payload) => {
  const { seq } = JSON.parse(payload.toString());
  const { last, count } = seen.get(topic) ?? { last: 0, count: 0 };
  // What comes twice after a lost connection, QoS 1 allows.
  if (seq > last) seen.set(topic, { last: seq, count: count + 1 });
});
await observer.subscribeAsync(["soak/box/in/+/event", "soak/box/rule/+/event"], { qos: 1 });

const log = join(folder, "agent.log");
const child = spawn(
  process.execPath,
  [...agentFlags, "--expose-gc", join(root, "bench/soak-inside.mjs"), "run", "--config", configFile()],
  {
    stdio: ["ignore", "ignore", openSync(log, "w"), "ipc"],
    env: { ...process.env, ...agentVariables },
  },
);
let failures = [];
try {
  failures = await unlessEnded(child, "the agent", soak());
} catch (error) {
  failures = [`${error.message}\n${readFileSync(log, "utf8").slice(-2000)}`];
} finally {
  await end(child);
  await observer.endAsync();
  proxy.close();
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const failure of failures) console.log(`not ok - ${failure}`);
console.log(failures.length === 0 ? "ok - the memory is flat, and every event arrived or was counted as dropped" : "FAILED");
process.exitCode = failures.length === 0 ? 0 : 1;

async function soak() {
  const agent = await answering();
  const status = () => agent.request("status", {});
  const until = async (holds) => {
    for (let now = await status(); !holds(now); now = await status()) await pause(50);
  };
  const memory = async () => {
    const answer = once(child, "message");
    child.send("look");
    return (await answer)[0];
  };
  await until(({ link }) => link.online);

  let pressing = true;
  const press = async (input) => {
    while (pressing) {
      await agent.request("sim-press", { input, for_ms: 15 });
      // Not before the release has settled.
      await pause(15);
    }
  };
  const fingers = Array.from({ length: inputs }, (_, index) => press(`in-${index}`));
  const drained = (now) => now.link.online && now.outbox.waiting < inputs * 4;
  const rounds = [];
  const over = performance.now() + minutes * 60_000;
  do {
    await until(drained);
    await pause(1000);
    const online = await memory();
    proxy.close();
    await pause(awaySeconds * 1000);
    const { outbox } = await status();
    const away = await memory();
    rounds.push({ online, away, waiting: outbox.waiting });
    const mb = ({ heap, rss }) => `heap ${heap.toFixed(1)} MB, RSS ${rss.toFixed(1)} MB`;
    console.log(
      `round ${rounds.length}: online ${mb(online)}; away ${awaySeconds} s, ${outbox.waiting} events wait, ${outbox.dropped} dropped: ${mb(away)}`,
    );
    await proxy.open();
  } while (performance.now() < over || rounds.length < 3);
  await until(drained);
  pressing = false;
  await Promise.all(fingers);
  await until(({ link, outbox }) => link.online && outbox.waiting === 0);
  // What the broker has acknowledged may still be on its way to the observer.
  await pause(1000);
  const made = [...seen.values()].reduce((sum, { last }) => sum + last, 0);
  const arrived = [...seen.values()].reduce((sum, { count }) => sum + count, 0);
  const { dropped } = (await status()).outbox;
  agent.close();
  console.log(`${made} events, ${arrived} arrived, ${dropped} dropped and counted, ${made - arrived - dropped} lost`);
  return judged(rounds, made - arrived - dropped);
}

/** The first round is left out: the code is compiled and the lists grow to their bounds. */
function judged([, first, ...later], lost) {
  const failures = [];
  if (lost !== 0) failures.push(`${lost} events were lost without being counted`);
  const outbox = (maxEvents * eventBytes) / 1e6;
  for (const [index, { online, away, waiting }] of later.entries()) {
    const round = `round ${index + 3}`;
    const check = (what, now, most) => now > most && failures.push(`${round}: ${what} ${now.toFixed(1)} MB, at most ${most.toFixed(1)}`);
    if (waiting > maxEvents) failures.push(`${round}: ${waiting} events wait, at most ${maxEvents}`);
    check("heap, online", online.heap, first.online.heap + tolerance.heap);
    check("heap, broker away", away.heap, first.online.heap + tolerance.heap + outbox);
    check("heap, broker away, against the first time", away.heap, first.away.heap + tolerance.heap);
    check("RSS, broker away, against the first time", away.rss, first.away.rss + tolerance.rss + outbox);
  }
  return failures;
}

async function answering() {
  for (;;) {
    try {
      return await connectAgent(join(folder, "control.sock"));
    } catch {
      await pause(50);
    }
  }
}

/** A way to the broker that can be closed: connections end, new ones are refused. */
async function gate(to) {
  const open = new Set();
  const server = createServer((socket) => {
    const upstream = createConnection(to, "127.0.0.1");
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ]) {
      open.add(one);
      one.setNoDelay(true).pipe(other);
      one.on("error", () => {});
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  const listen = async (port) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  };
  const port = await listen(0);
  return {
    port,
    open: () => listen(port),
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function configFile() {
  const file = join(folder, "pinbus.yaml");
  const each = (entry) => Array.from({ length: inputs }, (_, index) => `  ${entry(index)}`).join("\n");
  writeFileSync(
    file,
    `node: box
prefix: soak
gpio: { driver: sim, board: pi4 }
state_dir: state
control: { socket: control.sock }
mqtt: { server: 127.0.0.1, port: ${proxy.port} }
outbox: { max_events: ${maxEvents} }
inputs:
${each((index) => `in-${index}: { line: GPIO${index + 2}, debounce: 2ms, event_ttl: 1h }`)}
outputs:
  lamp: { line: GPIO22 }
  fan: { line: GPIO23 }
rules:
  lamp: { when: { input: in-0, gesture: press }, do: [{ output: lamp, set: toggle }] }
  fan: { when: { input: in-1, gesture: press }, do: [{ output: fan, set: toggle }] }
log: { level: warn, format: text }
`,
    { mode: 0o600 },
  );
  return file;
}
