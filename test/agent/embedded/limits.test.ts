import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { connectAsync } from "mqtt";
import { expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { createBroker } from "../../../agent/embedded/broker.ts";
import { Crowd } from "../../../agent/embedded/crowd.ts";
import { type Limits, usualLimits } from "../../../agent/embedded/limits.ts";
import { parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { silentLog } from "../../brokers.ts";
import { generate } from "./packets.ts";

async function start(limits: Partial<Limits>, access = new Access({ anonymous: true, users: null })) {
  const warnings: string[] = [];
  const clock = { passed: 0 };
  const broker = createBroker({
    listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
    access,
    limits,
    sysInterval: 10_000,
    version: "0.0.0-test",
    log: { ...silentLog, warn: (message) => warnings.push(message) },
    now: () => clock.passed,
  });
  await broker.start();
  onTestFinished(() => broker.stop());
  return { broker, warnings, clock, port: broker.addresses[0]?.port ?? 0 };
}

function dial(port: number): Socket {
  const socket = createConnection({ host: "127.0.0.1", port }).on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** The code of the CONNACK. */
async function codeOf(port: number, options: Parameters<typeof generate.connect>[1], client = "test"): Promise<number> {
  const socket = dial(port);
  socket.write(generate.connect(client, options));
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer[3] ?? -1;
}

it("max_connections: one more is closed, and told", async () => {
  const { port, warnings } = await start({ maxConnections: 3 });
  const sockets = [dial(port), dial(port), dial(port)];
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const began = performance.now();
  await once(dial(port).resume(), "close");
  // The default.
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(warnings).toEqual(["the built-in broker has 3 connections: refusing more"]);
  expect(sockets.map((socket) => socket.closed)).toEqual([false, false, false]);
});

it("max_connections: keeps a tenth, and ten at most, for this machine", () => {
  for (const [maxConnections, forOthers] of [
    [2, 1],
    [50, 45],
    [1000, 990],
  ] as const) {
    const crowd = new Crowd<{ id: number }>({ ...usualLimits, maxConnections }, () => 0);
    const enter = (address: string) => {
      if (crowd.refuses(address)) return false;
      const connection = { id: 0 };
      crowd.came(connection, address);
      crowd.letIn(connection);
      return true;
    };
    let count = 0;
    while (enter("10.0.0.1")) count++;
    expect(count).toBe(forOthers);
    while (enter("127.0.0.1")) count++;
    expect(count).toBe(maxConnections);
  }
});

it("max_packet: a packet of that size is taken, a larger one ends the connection", async () => {
  const { port, warnings } = await start({ maxPacket: 2000 });
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0 });
  onTestFinished(() => void client.end(true));
  // Topic, packet identifier and payload.
  await client.publishAsync("a", Buffer.alloc(2000 - 5), { qos: 1 });
  const closed = new Promise((resolve) => client.once("close", () => resolve(undefined)));
  client.publish("a", Buffer.alloc(2000 - 4), { qos: 1 });
  await closed;
  expect(warnings).toEqual(["broker: a packet of more than 2000 bytes: connection closed"]);
});

it("connect_timeout: who says nothing is closed", async () => {
  const { port } = await start({ connectTimeout: 50 });
  const began = performance.now();
  await once(dial(port).resume(), "close");
  // The default.
  expect(performance.now() - began).toBeLessThan(10_000);
});

it("keepalive_max: 0 and longer ones are refused with 2, and told; the agent itself is not asked", async () => {
  const access = new Access({ anonymous: true, users: null });
  const { port, warnings } = await start({ maxKeepalive: 60_000 }, access);
  const codes = [];
  for (const keepalive of [0, 1, 60, 61, 65_535]) codes.push(await codeOf(port, { keepalive }));
  expect(codes).toEqual([2, 0, 0, 2, 2]);
  expect(await codeOf(port, { ...access.own, keepalive: 0 })).toBe(0);
  expect(warnings[0]).toBe("broker: refused a client without a user: its keep alive is 0 or longer than 60 s");
});

it("client ids and users have 1024 characters at most", async () => {
  const { port } = await start({});
  const [long, longer] = ["x".repeat(1024), "x".repeat(1025)];
  expect([await codeOf(port, { username: long }, long), await codeOf(port, {}, longer), await codeOf(port, { username: longer })]).toEqual([
    0, 2, 5,
  ]);
});

const users = parsePasswordFile(await passwordLine("ev3", "formosa")).users;

it("max_failed_logins: then even the right password is not looked at, until time makes room; the agent itself gets in", async () => {
  const access = new Access({ anonymous: true, users });
  const { port, warnings, clock } = await start({ maxFailedLogins: 6 }, access);
  for (let count = 0; count < 6; count++) expect(await codeOf(port, { username: "ev3", password: `${count}` })).toBe(5);
  expect(await codeOf(port, { username: "ev3", password: "x" })).toBe(3);
  expect(await codeOf(port, { username: "nobody", password: "x" })).toBe(3);
  expect(await codeOf(port, { username: "ev3", password: "formosa" })).toBe(3);
  expect(warnings).toContain('broker: refused user "ev3": more than 6 wrong passwords a minute came from 127.0.0.1');
  // Who names no user guesses nothing.
  expect(await codeOf(port, {})).toBe(0);
  expect(await codeOf(port, access.own, "agent")).toBe(0);
  clock.passed += 10_000;
  expect(await codeOf(port, { username: "ev3", password: "formosa" })).toBe(0);
  // A right password takes no room.
  expect(await codeOf(port, { username: "ev3", password: "formosa" })).toBe(0);
});

it("max_failed_logins: slows down only the address that guesses", async () => {
  const access = new Access({ anonymous: false, users });
  const guesses = (full: boolean) => ({ full: () => full, count: vi.fn() });
  const [guesser, other] = [guesses(true), guesses(false)];
  expect(await access.lets("ev3", Buffer.from("formosa"), guesser)).toBe("guesses");
  expect(await access.lets("ev3", Buffer.from("formosa"), other)).toBe("yes");
  expect(await access.lets("ev3", Buffer.from("wrong"), other)).toBe("no");
  expect([guesser.count.mock.calls.length, other.count.mock.calls.length]).toEqual([0, 1]);
});

it("max_connects: one other machine is refused for a while, an IPv6 network as one; this machine never is", () => {
  let now = 0;
  const crowd = new Crowd<object>({ ...usualLimits, maxConnects: 10 }, () => now);
  const comeAndGo = (address: string) => {
    const refusal = crowd.refuses(address);
    if (refusal) return refusal.sentence;
    const connection = {};
    crowd.came(connection, address);
    crowd.left(connection);
    return "in";
  };
  for (let count = 0; count < 10; count++) expect(comeAndGo(`2001:db8::${count}`)).toBe("in");
  expect(comeAndGo("2001:db8::a")).toBe("broker: 2001:db8::a connects more than 10 times a minute: refusing more");
  expect(comeAndGo("10.0.0.1")).toBe("in");
  for (let count = 0; count < 100; count++) expect(comeAndGo("127.0.0.1") + comeAndGo("::1")).toBe("inin");
  now += 6_000;
  expect(comeAndGo("2001:db8::a")).toBe("in");
});

it("twenty strangers of one IPv6 network are enough", () => {
  const crowd = new Crowd<object>(usualLimits, () => 0);
  for (let count = 0; count < 20; count++) crowd.came({}, `2001:db8::${count}`);
  expect(crowd.refuses("2001:db8::ffff")?.kind).toBe("strangers");
  expect(crowd.refuses("2001:db8:1::ffff")).toBeUndefined();
});
