// usage: node outbox-inside.mjs pinbus|mqtt.js URL DIR COUNT hold|send
// Makes COUNT events while there is no connection. `hold` says "held" and waits for its end; `send` connects and prints the ms from there
// to the last acknowledgement.
import mqtt from "mqtt";
import { systemClock } from "../dist/agent/shell/clock.js";
import { createLink } from "../dist/agent/shell/link.js";
import { Outbox } from "../dist/agent/shell/outbox.js";
import { pause } from "./process.mjs";

const [, , kind, url, dir, wanted, mode] = process.argv;
const count = Number(wanted);
const log = { error() {}, warn() {}, info() {}, debug() {} };
const topic = "bench/box/in/bell/event";
const payload = (seq) => JSON.stringify({ event_type: "press_end", duration_ms: 312, ts: "2026-11-21T10:00:00.000Z", seq });

let began = 0;
let all = () => {};
const done = new Promise((resolve) => {
  all = resolve;
});
if (kind === "pinbus") {
  const link = createLink({
    server: { url },
    protocol: "5",
    clientId: "bench-outbox",
    keepalive: 60_000,
    will: { topic: "bench/box/status", payload: "offline", qos: 1, retain: true, delayS: 5 },
    sessionExpiryS: 60,
    subscriptions: [],
    birth: () => [],
    online: { topic: "bench/box/status", payload: "online", qos: 1, retain: true, kind: "state" },
    backoff: { first: 1000, limit: 60_000, refused: { from: 60_000, to: 60_000 } },
    random: Math.random,
    log,
    on: {
      online() {
        outbox.connected();
        const timer = setInterval(() => {
          if (outbox.depth > 0) return;
          clearInterval(timer);
          all();
        }, 1);
      },
      offline() {},
      closed: () => outbox.disconnected(),
      message() {},
    },
  });
  const limits = { count: 10_000, bytes: 8 * 1024 * 1024, window: 64 };
  const outbox = new Outbox({ dir: dir === "" ? null : dir, boot: "bench", limits, link: () => link, clock: systemClock, log }).load();
  for (let seq = 0; seq < count; seq++) outbox.add({ kind: "event", topic, payload: payload(seq), qos: 1, retain: false }, 3_600_000);
  await pause(mode === "hold" ? 1500 : 100);
  began = performance.now();
  if (mode === "send") link.start();
} else {
  const client = mqtt.connect(url, { protocolVersion: 5, manualConnect: true, clean: true });
  client.on("error", () => {});
  let left = count;
  for (let seq = 0; seq < count; seq++) client.publish(topic, payload(seq), { qos: 1 }, () => --left === 0 && all());
  await pause(100);
  began = performance.now();
  if (mode === "send") client.connect();
  if (count === 0) client.once("connect", () => all());
}
if (mode === "hold") process.stdout.write("held\n");
else {
  await done;
  process.stdout.write(`${performance.now() - began}\n`);
  process.exit(0);
}
setInterval(() => {}, 1000);
