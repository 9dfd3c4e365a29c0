import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { freePort, startBroker } from "./broker.mjs";
import { packageVersion, root } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";

import { end } from "./process.mjs";

const oneWay = 15;
const events = 1000;
const killed = 200;

/** What waits for the broker: how fast it gets there over a slow network, what it costs on disk, what a crash takes of it. */
export async function run({ rounds, folder, log }) {
  const broker = await startBroker(folder);
  const proxy = await slowProxy(broker.port);
  const nobody = `mqtt://127.0.0.1:${await freePort()}`;
  const results = new Map([
    ["pinbus", []],
    ["mqtt.js", []],
  ]);
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [kind, figures] of results) {
        const dir = join(folder, `${kind}-${round}`);
        mkdirSync(dir);
        const drain = Number(await spoken(inside(kind, proxy.url, dir, events, "send")));
        const disk = await held(kind, nobody, join(dir, "disk"), events);
        figures.push({ drain, disk: disk / 1e6, lost: await lostByKill(kind, nobody, broker, join(dir, "killed")) });
      }
      log(`round ${round} of ${rounds}`);
    }
  } finally {
    await proxy.stop();
    await broker.stop();
  }
  const [own, js] = [...results.values()].map((figures) => mediansOf(figures, ["drain", "disk", "lost"]));
  const row = (name, { drain, disk, lost }) => [name, short(drain), short(drain / js.drain), short(disk), short(lost)];
  return {
    title: `Outbox: ${events} events that waited, QoS 1, ${2 * oneWay} ms round trip`,
    columns: [
      "",
      "ms from the connect to the last acknowledgement",
      "× MQTT.js",
      "MB on disk while they wait",
      `lost of ${killed} by SIGKILL`,
    ],
    rows: [row("pinbus", own), row(`MQTT.js ${packageVersion("mqtt")}, its own queue`, js)],
    goals: [
      goal("ms from the connect to the last acknowledgement", own.drain, { most: 2000 }),
      goal("MB on disk per 1,000 events", own.disk, { most: 0.5 }),
      goal(`lost of ${killed} by SIGKILL`, own.lost, { most: 0 }),
    ],
  };
}

function inside(kind, url, dir, count, mode) {
  return spawn(process.execPath, [join(root, "bench/outbox-inside.mjs"), kind, url, dir, String(count), mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** The first line that a program says. */
async function spoken(child) {
  const [text] = await once(child.stdout, "data");
  return String(text).trim();
}

/** Bytes in the folder while the events wait. */
async function held(kind, url, dir, count) {
  const child = inside(kind, url, dir, count, "hold");
  await spoken(child);
  await end(child, "SIGKILL");
  if (!existsSync(dir)) return 0;
  return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}

async function lostByKill(kind, nobody, broker, dir) {
  const observer = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  try {
    await held(kind, nobody, dir, killed);
    let seen = 0;
    let last = () => {};
    observer.on("message", (topic) => {
      if (topic.endsWith("/event")) seen++;
      else last();
    });
    await observer.subscribeAsync(["bench/+/in/+/event", "bench/last"], { qos: 1 });
    await spoken(inside(kind, `mqtt://127.0.0.1:${broker.port}`, dir, 0, "send"));
    // The broker hands out in order: behind this, nothing of before comes.
    const heard = new Promise((resolve) => {
      last = resolve;
    });
    await observer.publishAsync("bench/last", "", { qos: 1 });
    await heard;
    return killed - seen;
  } finally {
    await observer.endAsync();
  }
}

/** Everything takes its time, both ways. */
async function slowProxy(port) {
  const server = createServer({ noDelay: true }, (near) => {
    const far = createConnection({ port, host: "127.0.0.1", noDelay: true });
    slowly(near, far);
    slowly(far, near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `mqtt://127.0.0.1:${server.address().port}`,
    async stop() {
      server.close();
    },
  };
}

/** Timers alone are a millisecond or two late, and the events pass some fifty times. */
function slowly(from, to) {
  const waiting = [];
  const pass = () => {
    const left = waiting[0].due - performance.now();
    if (left > 1) return setTimeout(pass, left - 1);
    if (left > 0) return setImmediate(pass);
    const { chunk } = waiting.shift();
    if (chunk === null) to.destroy();
    else if (!to.destroyed) to.write(chunk);
    if (waiting.length > 0) pass();
  };
  const add = (chunk) => {
    waiting.push({ chunk, due: performance.now() + oneWay });
    if (waiting.length === 1) pass();
  };
  from.on("error", () => {});
  from.on("data", add);
  from.on("close", () => add(null));
}
