import { execFile } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { promisify } from "node:util";
import { connectAsync } from "mqtt";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { type BrokerThreadOptions, createBrokerThread } from "../../../agent/embedded/thread.ts";
import { keptLog, patience } from "../shell/fixture.ts";
import { generate } from "./packets.ts";

const code = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
/** As it is built: a thread runs no TypeScript. */
const program = new URL("../../../dist/agent/embedded/thread-inside.js", import.meta.url);

async function start(more: Partial<BrokerThreadOptions> = {}) {
  const log = keptLog();
  const changes = vi.fn();
  const broker = createBrokerThread({
    listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
    sysInterval: 3_600_000,
    version: "0.0.0-test",
    log,
    now: () => performance.now(),
    changed: changes,
    program,
    ...more,
  });
  onTestFinished(() => broker.stop());
  await broker.start();
  return { broker, log, changes, port: () => broker.addresses[0]?.port ?? 0 };
}

it("the agent's own client and one from outside speak with each other, and it tells how many are there", async () => {
  const { broker, port } = await start();
  expect(broker.addresses).toMatchObject([{ protocol: "mqtt", address: "127.0.0.1", problem: null }]);
  const own = broker.connect();
  onTestFinished(() => void own.destroy());
  const got: Buffer[] = [];
  own.on("data", (chunk: Buffer) => got.push(chunk));
  own.write(Buffer.concat([generate.connect("own"), generate.subscribe("#")]));
  await vi.waitFor(() => expect(Buffer.concat(got).length).toBe(9), patience);
  const other = await connectAsync(`mqtt://127.0.0.1:${port()}`, { protocolVersion: 4, reconnectPeriod: 0 });
  onTestFinished(() => other.endAsync(true));
  await vi.waitFor(() => expect(broker.clients).toBe(2), patience);
  // More than may be under way at a time.
  const large = "x".repeat(200_000);
  await other.publishAsync("a", large, { qos: 1 });
  await vi.waitFor(() => expect(Buffer.concat(got).toString()).toContain(large), patience);
  own.end();
  await once(own, "close");
  await vi.waitFor(() => expect(broker.clients).toBe(1), patience);
});

it("other users hold from the moment on at which they are told", async () => {
  const access = new Access({ anonymous: true, users: null });
  const { broker, port, log } = await start({ access });
  const guest = createConnection({ host: "127.0.0.1", port: port() }).on("error", () => undefined);
  onTestFinished(() => void guest.destroy());
  guest.write(generate.connect("guest"));
  await once(guest, "data");
  access.rules = { anonymous: false, users: parsePasswordFile(await passwordLine("ev3", "formosa")).users };
  broker.expel();
  await once(guest.resume(), "close");
  expect(log.entries.join("\n")).toContain("client guest may stay no longer");
  const options = { protocolVersion: 4, reconnectPeriod: 0, username: "ev3" } as const;
  const user = await connectAsync(`mqtt://127.0.0.1:${port()}`, { ...options, password: "formosa" });
  await user.endAsync(true);
  const wrong = connectAsync(`mqtt://127.0.0.1:${port()}`, { ...options, password: "wrong" });
  await expect(wrong).rejects.toThrow("Not authorized");
});

it("a broker that fails is a problem, ends the streams to it, and is started again", async () => {
  const failing = `
    import { parentPort } from "node:worker_threads";
    const address = { protocol: "mqtt", address: "127.0.0.1", port: 1, problem: null };
    parentPort.postMessage({ tell: "state", addresses: [address], clients: 1 });
    parentPort.postMessage({ tell: "started" });
    parentPort.on("message", (message) => {
      if (message.do === "connect") throw new Error("a fault of the broker");
      parentPort.close();
    });`;
  const { broker, log } = await start({ program: code(failing) });
  expect([broker.clients, broker.addresses[0]?.problem]).toEqual([1, null]);
  const stream = broker.connect();
  await once(stream.resume(), "close");
  await vi.waitFor(() => expect(broker.addresses[0]?.problem).toMatch("has failed"), patience);
  expect(log.entries.join("\n")).toContain("the built-in broker has failed: a fault of the broker; it is started again");
  const early = broker.connect();
  await once(early.resume(), "close");
  await vi.waitFor(() => expect([broker.clients, broker.addresses[0]?.problem]).toEqual([1, null]), patience);
});

it("a broker that cannot start is a problem, and what its thread said is taken back", async () => {
  const failing = `
    import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ tell: "store-problem", problem: "the disk is full" });
    throw new Error("no start");`;
  const onProblem = vi.fn();
  const store = { file: null, maxQueued: 1, sessionExpiry: 1, onProblem } as unknown as NonNullable<BrokerThreadOptions["store"]>;
  const { broker, changes } = await start({ program: code(failing), store });
  expect(broker.addresses).toMatchObject([{ address: "127.0.0.1", problem: "the built-in broker has failed and is started again" }]);
  expect(changes).toHaveBeenCalled();
  expect(onProblem.mock.calls.slice(0, 2)).toEqual([["the disk is full"], [null]]);
});

it("a broker that hangs is ended and started again", async () => {
  vi.useFakeTimers({ toFake: ["setInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const hanging = `
    import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ tell: "started" });
    parentPort.on("message", (message) => { if (message.do === "renew") for (;;); else if (message.do === "stop") parentPort.close(); });`;
  const { broker, log } = await start({ program: code(hanging) });
  broker.renew();
  vi.advanceTimersByTime(30_000);
  await vi.waitFor(() => expect(broker.addresses[0]?.problem).toMatch("has failed"), patience);
  expect(log.entries.join("\n")).toContain("the built-in broker hangs: it is ended and started again");
});

it("its last words come before its end, and nothing of it holds the agent up", async () => {
  const talking = `
    import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ tell: "started" });
    setInterval(() => {}, 1000);
    parentPort.on("message", (message) => {
      if (message.do !== "stop") return;
      parentPort.postMessage({ tell: "log", level: "info", message: "the last word" });
      parentPort.postMessage({ tell: "stopped" });
    });`;
  const { broker, log } = await start({ program: code(talking) });
  const ended = vi.fn();
  const terminated = setTimeout(ended, 9_000);
  await broker.stop();
  clearTimeout(terminated);
  expect(ended).not.toHaveBeenCalled();
  expect(log.entries.join("\n")).toContain("the last word");
});

describe("room for what dies young", () => {
  /** What V8 lets the heap of the thread have, when Node is started with this flag, and the flags are as they were while the thread runs. */
  const limitWith = async (flag: string) => {
    const thread = `
      import { getHeapStatistics } from "node:v8";
      import { parentPort } from "node:worker_threads";
      parentPort.postMessage({ tell: "log", level: "info", message: String(getHeapStatistics().heap_size_limit) });
      parentPort.postMessage({ tell: "started" });
      parentPort.on("message", () => parentPort.close());`;
    const agent = `
      import { cachedDataVersionTag } from "node:v8";
      import { createBrokerThread } from ${JSON.stringify(new URL("thread.js", program))};
      const before = cachedDataVersionTag();
      const log = { info: (message) => console.log(message), error: console.error };
      const broker = createBrokerThread({ listeners: [], sysInterval: 0, version: "", log, now: () => 0, program: new URL(${JSON.stringify(code(thread))}) });
      await broker.start();
      while (cachedDataVersionTag() !== before) await new Promise(setImmediate);
      await broker.stop();`;
    const { stdout } = await promisify(execFile)(process.execPath, [flag, "--input-type=module", "-e", agent]);
    return Number(stdout);
  };

  it("is there when the agent is started with less, and the flags are soon those for which its code is kept", async () => {
    const [less, same, more] = await Promise.all(["2", "8", "16"].map((mb) => limitWith(`--max-semi-space-size=${mb}`)));
    expect(same).toBeGreaterThan(0);
    expect(less).toBe(same);
    expect(more).toBeGreaterThan(same ?? 0);
  });
});
