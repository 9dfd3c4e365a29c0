// node hostile-attacks.mjs [NAME PORT SECONDS PORT_OF_WEBSOCKET]: one attack on a broker on this machine; prints what became of it. Without
// arguments, what there is.
import { createConnection } from "node:net";
import { pathToFileURL } from "node:url";
import { pause } from "./process.mjs";

/** What the attacks count; what stays 0 is not told. */
const counts = {
  connections: 0,
  "let in": 0,
  "turned away": 0,
  ended: 0,
  "ended without an answer": 0,
  "packets sent": 0,
  "bytes sent": 0,
};

/** Random bytes, the same in each run. */
let seed = 20;
const random = (below) => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const randomBytes = (length) => Buffer.from(Array.from({ length }, () => random(256)));

const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};
const packet = (first, ...parts) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = [];
  let rest = body.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
};
const connect = (client, { clean = true, user, password } = {}) => {
  const flags = (clean ? 2 : 0) | (user === undefined ? 0 : 0xc0);
  return packet(0x10, text("MQTT"), [4, flags, 0, 0], text(client), ...(user === undefined ? [] : [text(user), text(password)]));
};
const subscribe = (filters, qos = 0) => packet(0x82, [0, 1], ...filters.flatMap((filter) => [text(filter), [qos]]));
const publish = (topic, payload, { qos = 0, retain = false, id = 1 } = {}) =>
  packet(0x30 | (qos << 1) | (retain ? 1 : 0), text(topic), qos > 0 ? [id >> 8, id & 255] : [], payload);

let until = 0;
const going = () => performance.now() < until;
let port = 0;
let webSocketPort = 0;

/** A connection that counts what becomes of it. */
function dial(first = Buffer.alloc(0), to = port) {
  const socket = createConnection({ port: to, host: "127.0.0.1", noDelay: true });
  counts.connections++;
  let answered = false;
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    if (!answered && chunk[0] === 0x20) counts[chunk[3] === 0 ? "let in" : "turned away"]++;
    answered = true;
  });
  socket.on("close", () => counts[answered ? "ended" : "ended without an answer"]++);
  if (first.length > 0) void send(socket, first);
  return socket;
}

/** Resolves when the kernel has taken it, or the connection is over. */
function send(socket, bytes, packets = 1) {
  if (socket.destroyed) return Promise.resolve();
  counts["packets sent"] += packets;
  counts["bytes sent"] += bytes.length;
  return new Promise((resolve) => {
    socket.once("close", resolve);
    socket.write(bytes, () => {
      socket.off("close", resolve);
      resolve();
    });
  });
}

const over = (socket) => new Promise((resolve) => socket.once("close", resolve));
const answer = (socket) => Promise.race([new Promise((resolve) => socket.once("data", resolve)), over(socket), pause(1_000)]);

/** So many at the same time, each again and again until the time is over. */
const crowd = (size, one) =>
  Promise.all(
    Array.from({ length: size }, async (_, index) => {
      while (going()) await one(index);
    }),
  );

/** Sends something again and again on one connection, and comes back when it is ended. */
const flood = (size, bytes, packets, { first = (index) => connect(`flood-${index}`), read = true } = {}) =>
  crowd(size, async (index) => {
    const socket = dial(first(index));
    if (!read) socket.pause();
    while (going() && !socket.destroyed) await send(socket, typeof bytes === "function" ? bytes() : bytes, packets);
    socket.destroy();
  });

const valid = [
  connect("a"),
  subscribe(["a/+/b", "#"], 1),
  publish("a/b", "hello", { qos: 2, id: 5 }),
  publish("a/b", "hello", { qos: 1 }),
  publish("a/b", "hello", { retain: true }),
  packet(0x62, [0, 5]),
  packet(0x50, [0, 5]),
  packet(0xa2, [0, 1], text("#")),
  packet(0xc0),
  packet(0xe0),
];
/** A packet with some of its bytes changed, cut off or doubled; or nothing but noise. */
function mutated() {
  if (random(4) === 0) return randomBytes(1 + random(40));
  const bytes = Buffer.from(valid[random(valid.length)]);
  for (let count = random(4); count > 0; count--) bytes[random(bytes.length)] = random(256);
  if (random(4) === 0) return bytes.subarray(0, random(bytes.length));
  return random(8) === 0 ? Buffer.concat([bytes, bytes]) : bytes;
}

/** One byte in each message of a WebSocket; a mask of zeros leaves it as it is. */
const framed = (bytes) => Buffer.concat([Buffer.from([0x82, 0xfe, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0]), bytes]);
const framedByte = (byte) => Buffer.from([0x82, 0x81, 0, 0, 0, 0, byte]);

const upgrade = Buffer.from(
  `GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
);

/** 90 clients, each with a large PUBLISH of which the second half comes byte by byte, and never its end. */
const trickle = (open, whole, single) =>
  crowd(90, async (index) => {
    const socket = await open(connect(`trickle-${index}`));
    const large = publish("trickle", Buffer.alloc(200_000, "x"));
    const half = large.length / 2;
    for (let at = 0; at < half; at += 50_000) await send(socket, whole(large.subarray(at, Math.min(half, at + 50_000))), 0);
    for (const byte of large.subarray(half, -1)) {
      if (!going() || socket.destroyed) break;
      await send(socket, single(byte), 0);
      // Each by itself, and answers are read.
      await new Promise(setImmediate);
    }
    while (going() && !socket.destroyed) await pause(50);
    socket.destroy();
  });

const many = (bytes, count) => Buffer.concat(Array(count).fill(bytes));
const deep = Array(100).fill("a").join("/");

export const attacks = {
  async "random packets"() {
    const pool = Array.from({ length: 20_000 }, mutated);
    await crowd(40, async (index) => {
      const socket = dial(random(2) === 0 ? connect(`mutant-${index}`) : undefined);
      for (let sent = 0; sent < 2_000 && !socket.destroyed && going(); sent += 20)
        await send(socket, Buffer.concat(Array.from({ length: 20 }, () => pool[random(pool.length)])), 20);
      socket.destroy();
    });
  },
  "oversized lengths": () =>
    crowd(40, async (index) => {
      const socket = dial(connect(`large-${index}`));
      await send(socket, Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0xff, random(2) === 0 ? 0x7f : 0xff]), Buffer.alloc(4096)]));
      await Promise.race([over(socket), pause(100)]);
      socket.destroy();
    }),
  async "10,000 half-open connections"() {
    const open = [];
    for (let count = 0; count < 10_000; count++) {
      open.push(dial());
      if (count % 50 === 0) await pause(1);
    }
    while (going()) await pause(50);
    for (const socket of open) socket.destroy();
  },
  "slow CONNECT": () =>
    crowd(90, async (index) => {
      const socket = dial();
      const bytes = connect(`slow-${index}-${"x".repeat(500)}`);
      for (const byte of bytes) {
        if (!going() || socket.destroyed) break;
        await send(socket, Buffer.from([byte]), 0);
        await pause(10);
      }
      socket.destroy();
    }),
  "byte by byte": () =>
    trickle(
      dial,
      (bytes) => bytes,
      (byte) => Buffer.from([byte]),
    ),
  "byte by byte, WebSocket": () =>
    trickle(
      async (first) => {
        const socket = dial(upgrade, webSocketPort);
        await answer(socket);
        await send(socket, framed(first));
        return socket;
      },
      framed,
      framedByte,
    ),
  async "50 MB for one that does not read"() {
    const lazy = dial(connect("lazy"));
    await answer(lazy);
    await send(lazy, subscribe(["lazy/#"]));
    await answer(lazy);
    lazy.pause();
    const publisher = dial(connect("publisher"));
    const large = publish("lazy/a", Buffer.alloc(50_000));
    for (let sent = 0; sent < 1000 && !publisher.destroyed; sent++) await send(publisher, large);
    while (going()) await pause(50);
    lazy.destroy();
    publisher.destroy();
  },
  async "wildcard storm over 10,000 retained"() {
    const keeper = dial(connect("keeper"));
    for (let topic = 0; topic < 10_000; topic += 100) {
      const topics = Array.from({ length: 100 }, (_, index) => publish(`storm/${topic + index}/x/y`, "1", { retain: true }));
      await send(keeper, Buffer.concat(topics), 100);
    }
    const filters = Array.from(
      { length: 1000 },
      (_, index) => `+/+/${index % 2 ? "x" : "+"}/${index % 3 ? "#" : "y"}${"/+".repeat(index % 20)}`,
    );
    const legal = filters.map((filter) => filter.replace("#/", "+/"));
    await crowd(10, async (index) => {
      const socket = dial(connect(`storm-${index}`));
      await send(socket, subscribe(legal.map((filter, number) => (number % 2 ? filter : `storm/${number}/#`))));
      await Promise.race([over(socket), pause(500)]);
      socket.destroy();
    });
    keeper.destroy();
  },
  "fan-out: 80 subscribers of #": async () => {
    const subscribers = Array.from({ length: 80 }, (_, index) => {
      const socket = dial(Buffer.concat([connect(`fan-${index}`), subscribe(["#"])]));
      return socket;
    });
    await flood(4, many(publish("fan/a", "x".repeat(20)), 100), 100);
    for (const socket of subscribers) socket.destroy();
  },
  "QoS 0 flood": () => flood(20, many(publish("flood/a", "x"), 5000), 5000),
  "QoS 1 flood for a sleeping session": async () => {
    const sleeper = dial(Buffer.concat([connect("sleeper", { clean: false }), subscribe(["flood/#"], 1)]));
    await answer(sleeper);
    await pause(100);
    sleeper.destroy();
    await flood(20, many(publish("flood/b", "x".repeat(100), { qos: 1 }), 500), 500);
  },
  "ping flood": () => flood(20, many(packet(0xc0), 10_000), 10_000),
  "65,535-byte topics": () => flood(10, () => many(publish("x".repeat(65_530) + (10_000 + random(1000)), "1", { retain: true }), 4), 4),
  "100 levels, and 1,000": () =>
    crowd(20, async (index) => {
      const socket = dial(connect(`deep-${index}`));
      await send(socket, subscribe([deep, `${"+/".repeat(99)}#`]));
      for (let sent = 0; sent < 50 && !socket.destroyed && going(); sent++) await send(socket, many(publish(deep, "1"), 20), 20);
      await send(socket, publish(Array(1000).fill("b").join("/"), "1"));
      await Promise.race([over(socket), pause(200)]);
      socket.destroy();
    }),
  "invalid UTF-8": () =>
    crowd(40, async (index) => {
      const socket = dial(connect(`broken-${index}`));
      await send(socket, publish(Buffer.from([0x61, 0xc3, 0x28, 0xff, 0xed, 0xa0, 0x80]), "1"));
      await Promise.race([over(socket), pause(100)]);
      socket.destroy();
    }),
  "client id takeover": () =>
    crowd(40, async () => {
      const socket = dial(Buffer.concat([connect("everybody", { clean: random(2) === 0 }), subscribe(["take/#"], 1)]));
      await Promise.race([over(socket), pause(20)]);
      socket.destroy();
    }),
  async "comes for what is retained and goes at once"() {
    const keeper = dial(connect("keeper"));
    await send(keeper, Buffer.concat(Array.from({ length: 200 }, (_, index) => publish(`come/${index}`, "1", { retain: true }))), 200);
    const ask = [
      packet(0xc0),
      subscribe(["come/#", "come/+"], 2),
      publish("come/0", "2", { qos: 2 }),
      packet(0xa2, [0, 2], text("come/#")),
    ];
    await crowd(20, async (index) => {
      const bytes = Buffer.concat([connect(`come-${index}`, { clean: random(2) === 0 }), ...ask, packet(0xe0)]);
      const socket = dial();
      await send(socket, bytes, 6);
      if (random(2) === 0) socket.resetAndDestroy();
      else await Promise.race([over(socket), pause(1_000)]);
      socket.destroy();
    });
    keeper.destroy();
  },
  "password guessing": () =>
    crowd(40, async (index) => {
      const socket = dial(connect(`guess-${index}`, { user: random(2) === 0 ? "teacher" : "admin", password: String(random(1e9)) }));
      await Promise.race([over(socket), pause(2_000)]);
      socket.destroy();
    }),
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [name, at, seconds, webSocketAt] = process.argv.slice(2);
  if (name === undefined) {
    process.stdout.write(Object.keys(attacks).join("\n"));
    process.exit();
  }
  port = Number(at);
  webSocketPort = Number(webSocketAt);
  until = performance.now() + Number(seconds) * 1000;
  // Who waits for the broker longer has been stopped by it.
  await Promise.race([attacks[name](), pause(Number(seconds) * 1500)]);
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  process.stdout.write(told.map(([what, count]) => `${count.toLocaleString("en")} ${what}`).join(", "));
  process.exit();
}
