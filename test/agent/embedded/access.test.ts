import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Access, type AccessRules } from "../../../agent/embedded/access.ts";
import { createBroker } from "../../../agent/embedded/broker.ts";
import { parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { describeMosquitto, mosquittoUsers, silentLog, startMosquitto } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { codeOf } from "./connack.ts";
import { generate } from "./packets.ts";

afterEach(() => vi.restoreAllMocks());

const listed = { ev3: "formosa", test: "test" };
async function users(): Promise<AccessRules["users"]> {
  const lines = await Promise.all(Object.entries(listed).map(([user, password]) => passwordLine(user, password)));
  return parsePasswordFile(lines.join("\n")).users;
}

async function start(access: Access, infos: string[] = [], address = "127.0.0.1") {
  const warnings: string[] = [];
  const broker = createBroker({
    listeners: [{ protocol: "mqtt", address, port: 0 }],
    access,
    sysInterval: 10_000,
    version: "0.0.0-test",
    log: { ...silentLog, info: (message) => infos.push(message), warn: (message) => warnings.push(message) },
    now: () => performance.now(),
  });
  await broker.start();
  onTestFinished(() => broker.stop());
  return { broker, warnings, port: broker.addresses[0]?.port ?? 0 };
}

/** `wire/brokers.md`, section 1. */
const guests = [
  ["none", {}],
  ["empty", { username: "", password: "" }],
  ["unknown", { username: "nobody", password: "x" }],
  ["without a password", { username: "ev3" }],
  ["the right pair", { username: "ev3", password: "formosa" }],
  ["a wrong password", { username: "ev3", password: "Formosa" }],
  ["the password of another", { username: "ev3", password: "test" }],
  ["an empty client id", { clientId: "" }],
  ["an empty user with a password", { username: "", password: "x" }],
] as const;
const doors = [
  { name: "open to everybody (documents 000 and 002)", anonymous: true, listed: false, expected: [0, 0, 0, 0, 0, 0, 0, 0, 0] },
  { name: "users only (document 000)", anonymous: false, listed: true, expected: [5, 5, 5, 5, 0, 5, 5, 5, 5] },
  { name: "users, and who names none (document 003)", anonymous: true, listed: true, expected: [0, 0, 5, 5, 0, 5, 5, 0, 0] },
  { name: "nobody (document 004)", anonymous: false, listed: false, expected: [5, 5, 5, 5, 5, 5, 5, 5, 5] },
];

describe("who may connect", () => {
  it.each(doors)("$name (brokers 1 and 6.6)", async ({ anonymous, listed: withUsers, expected }) => {
    const { port } = await start(new Access({ anonymous, users: withUsers ? await users() : null }));
    const codes = [];
    for (const [, guest] of guests) codes.push(await codeOf(port, guest));
    expect(codes).toEqual(expected);
  });

  it("is told for the first refusals of a minute only, and without the password", async () => {
    const { port, warnings } = await start(new Access({ anonymous: false, users: await users() }));
    for (let count = 0; count < 9; count++) await codeOf(port, { username: 'mallory"', password: "geheim" });
    expect(warnings).toEqual(Array(3).fill('broker: refused user "mallory\\"": not authorised'));
  });

  it("is the agent itself in any case, by a password that is made anew at each start", async () => {
    const access = new Access({ anonymous: false, users: await users() });
    const { port } = await start(access);
    expect(await codeOf(port, access.own)).toBe(0);
    expect(await codeOf(port, new Access({ anonymous: true, users: null }).own)).toBe(5);
  });

  it("ends for who is removed, at once; who stays keeps the connection", async () => {
    const both = await users();
    const access = new Access({ anonymous: true, users: both });
    const { broker, port } = await start(access);
    const connect = (username?: "ev3" | "test") =>
      connectAsync(`mqtt://127.0.0.1:${port}`, {
        protocolVersion: 4,
        reconnectPeriod: 0,
        ...(username && { username, password: listed[username] }),
      });
    const [stays, goes, guest, own] = [
      await connect("ev3"),
      await connect("test"),
      await connect(),
      await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0, ...access.own }),
    ];
    onTestFinished(() => void [stays, goes, guest, own].map((client) => client.end(true)));
    access.rules = { anonymous: false, users: new Map([...(both ?? [])].filter(([user]) => user === "ev3")) };
    const closed = [goes, guest].map((client) => new Promise((resolve) => client.once("close", () => resolve(undefined))));
    broker.expel();
    await Promise.all(closed);
    await stays.publishAsync("a", "b", { qos: 1 });
    await own.publishAsync("a", "b", { qos: 1 });
    expect(await codeOf(port, { username: "test", password: "test" })).toBe(5);
  });

  it("ends with the password by which somebody came in, and for who named a user while there were none", async () => {
    const access = new Access({ anonymous: true, users: null });
    const { broker, port } = await start(access);
    const options = { protocolVersion: 4, reconnectPeriod: 0 } as const;
    const early = await connectAsync(`mqtt://127.0.0.1:${port}`, { ...options, username: "ev3", password: "anything" });
    access.rules = { anonymous: true, users: await users() };
    const listedOne = await connectAsync(`mqtt://127.0.0.1:${port}`, { ...options, username: "test", password: "test" });
    const nameless = await connectAsync(`mqtt://127.0.0.1:${port}`, options);
    onTestFinished(() => void [early, listedOne, nameless].map((client) => client.end(true)));
    const closed = (client: MqttClient) => new Promise((resolve) => client.once("close", () => resolve(undefined)));
    const first = closed(early);
    broker.expel();
    await first;
    expect([listedOne.connected, nameless.connected]).toEqual([true, true]);
    const second = closed(listedOne);
    access.rules = { anonymous: true, users: parsePasswordFile(await passwordLine("test", "another")).users };
    broker.expel();
    await second;
    expect(nameless.connected).toBe(true);
  });

  it("does nothing of what comes behind a CONNECT before it is let in, however the bytes arrive", async () => {
    const access = new Access({ anonymous: false, users: await users() });
    const { broker, port } = await start(access);
    const options = { protocolVersion: 4, reconnectPeriod: 0 } as const;
    const own = await connectAsync(`mqtt://127.0.0.1:${port}`, { ...options, ...access.own });
    onTestFinished(() => void own.end(true));
    const seen: string[] = [];
    own.on("message", (topic) => seen.push(topic));
    await own.subscribeAsync("#", { qos: 1 });
    await broker.publish({ topic: "kept", payload: "secret", qos: 0, retain: true });
    // A read of libuv that comes back full is followed by another one in the same turn, before aedes has asked who this is.
    const rest = 65_536 - generate.connect("evil", { username: "ev3", password: "" }).length;
    const connect = generate.connect("evil", { username: "ev3", password: "x".repeat(rest - 2) });
    expect(connect.length).toBe(65_536);
    for (const behind of [generate.publish("gate/set", "ON"), generate.subscribe("#")]) {
      for (let attempt = 0; attempt < 20; attempt++) {
        const socket = createConnection({ host: "127.0.0.1", port });
        socket.on("error", () => undefined);
        const chunks: Buffer[] = [];
        socket.on("data", (chunk) => chunks.push(chunk));
        socket.write(Buffer.concat([connect, behind]));
        await once(socket, "close");
        expect(Buffer.concat(chunks)).toEqual(Buffer.from([0x20, 2, 0, 5]));
      }
    }
    await own.publishAsync("end", "", { qos: 1 });
    await vi.waitFor(() => expect(seen).toContain("end"), patience);
    expect(seen).not.toContain("gate/set");
  });

  it("forgets who was gone before it was let in", async () => {
    const access = new Access({ anonymous: true, users: null });
    const infos: string[] = [];
    const { broker, port } = await start(access, infos);
    for (let count = 0; count < 20; count++) {
      const socket = createConnection({ host: "127.0.0.1", port });
      socket.on("error", () => undefined);
      socket.write(Buffer.concat([generate.connect(`c${count}`), Buffer.from([0, 0])]));
      await once(socket, "close");
    }
    access.rules = { anonymous: false, users: null };
    broker.expel();
    expect(infos.filter((message) => message.includes("may stay no longer"))).toEqual([]);
  });

  const [outside] = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ internal, family }) => !internal && family === "IPv4"),
  );
  it.runIf(outside)("leaves room for the agent when another machine holds connections without a word", async () => {
    const access = new Access({ anonymous: false, users: await users() });
    const { port, warnings } = await start(access, [], "0.0.0.0");
    const sockets: Socket[] = [];
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    const dial = async () => {
      const socket = createConnection({ host: outside?.address ?? "", port });
      socket.on("error", () => undefined);
      sockets.push(socket);
      await once(socket, "connect");
      return socket;
    };
    for (let count = 0; count < 20; count++) await dial();
    await once(await dial(), "close");
    expect(warnings).toEqual([`broker: 20 connections of ${outside?.address} are not let in yet: refusing more`]);
    expect(await codeOf(port, access.own)).toBe(0);
  });

  it("is told seldom of packets that are too large", async () => {
    const access = new Access({ anonymous: false, users: await users() });
    const { port, warnings } = await start(access);
    for (let count = 0; count < 16; count++) {
      const socket = createConnection({ host: "127.0.0.1", port });
      socket.on("error", () => undefined);
      // A packet of 256 MB, as it says.
      socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
      await once(socket, "close");
    }
    expect(warnings).toHaveLength(3);
  });

  it("is served in turn when many ask at the same time, and the rest is told to come later", async () => {
    const access = new Access({ anonymous: false, users: await users() });
    const wrong = Array.from({ length: 300 }, () => access.lets("ev3", Buffer.from("wrong")));
    const right = access.lets("ev3", Buffer.from("formosa"));
    const verdicts = await Promise.all(wrong);
    expect(new Set(verdicts)).toEqual(new Set(["no", "busy"]));
    expect(verdicts.filter((verdict) => verdict === "no").length).toBeGreaterThanOrEqual(100);
    expect(await right).toBe("busy");
    expect(await access.lets("ev3", Buffer.from("formosa"))).toBe("yes");
  });
});

describeMosquitto("mosquitto, side by side", () => {
  it.each(doors)("gives the same codes: $name (brokers 1)", async ({ anonymous, listed: withUsers, expected }) => {
    const { files = {} } = mosquittoUsers(listed);
    const broker = await startMosquitto({
      config: [`allow_anonymous ${anonymous}`, ...(withUsers ? ["password_file {dir}/passwd"] : [])],
      files,
    });
    try {
      const codes = [];
      for (const [, guest] of guests) codes.push(await codeOf(broker.port, guest));
      expect(codes).toEqual(expected);
    } finally {
      await broker.stop();
    }
  });
});
