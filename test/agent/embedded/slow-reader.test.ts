import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { Writable } from "node:stream";
import { expect, it, onTestFinished, vi } from "vitest";
import { createBroker } from "../../../agent/embedded/broker.ts";
import { Census } from "../../../agent/embedded/census.ts";
import { SlowReader } from "../../../agent/embedded/slow-reader.ts";
import { silentLog } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { generate, packet, text } from "./packets.ts";
import { wire } from "./session-wire.ts";

const payload = Buffer.alloc(50_000);
/** More than the kernel takes for a socket, too. */
const many = 1500;

async function start() {
  const warnings: string[] = [];
  const broker = createBroker({
    listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
    limits: { maxQueuedBytes: 200_000 },
    sysInterval: 3_600_000,
    version: "0.0.0-test",
    log: { ...silentLog, warn: (message) => warnings.push(message) },
    now: () => performance.now(),
  });
  await broker.start();
  onTestFinished(() => broker.stop());
  const port = broker.addresses[0]?.port ?? 0;
  const reader = await wire(port, "reader", { clean: true });
  await reader.subscribe("a", 0);
  let sent = 0;
  /** Not more than the reader takes. */
  const publish = async (qos: 0 | 1) => {
    sent++;
    await broker.publish({ topic: "a", payload, qos, retain: false });
    await vi.waitFor(() => expect(reader.payloads.length).toBe(sent), patience);
  };
  return { broker, warnings, port, publish };
}

/** Subscribes to `a`, and reads no more. */
async function lazy(port: number, { clean, qos }: { clean: boolean; qos: 0 | 1 }): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port }).on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  const connect = clean ? generate.connect("lazy") : packet(0x10, text("MQTT"), [4, 0, 0, 60], text("lazy"));
  socket.write(Buffer.concat([connect, packet(0x82, [0, 1], text("a"), [qos])]));
  let got = 0;
  while (got < 9) got += ((await once(socket, "data")) as [Buffer])[0].length;
  socket.pause();
  return socket;
}

it("the others do not wait for a client that does not read; what it has no room for is dropped, and it is disconnected", async () => {
  const { broker, warnings, port, publish } = await start();
  await lazy(port, { clean: true, qos: 0 });
  for (let count = 0; warnings.length === 0 && count < many; count++) await publish(0);
  expect(warnings).toEqual(['broker: client "lazy" does not read what is sent to it: nobody waits for it any more']);
  await publish(0);
  expect(broker.clients).toBe(2);
  await vi.waitFor(() => expect(broker.clients).toBe(1), patience);
  await publish(0);
});

it("a QoS 1 subscriber that does not read is disconnected when twice as much waits as may, and finds the rest in its session", async () => {
  const { broker, warnings, port, publish } = await start();
  await lazy(port, { clean: false, qos: 1 });
  let sent = 0;
  while (broker.clients === 2 && sent < many) {
    await publish(1);
    sent++;
  }
  expect(warnings.join()).toContain("nobody waits for it any more");
  expect(broker.clients).toBe(1);
  const back = await wire(port, "lazy");
  // No more than a session may have: 4 MB.
  await vi.waitFor(() => expect(back.payloads.length).toBeGreaterThanOrEqual(Math.min(sent, 50)), patience);
});

it("nobody waits for a connection that has ended, or ends", async () => {
  type Mended = Parameters<SlowReader["mend"]>[0];
  const connection = new Writable({ write: () => undefined });
  const client = { id: "gone", closed: false };
  const told = { census: new Census(), warn: vi.fn() };
  const [drain, done] = [vi.fn(), vi.fn()];
  const receiver: Mended = { deliver0: vi.fn(), deliverQoS: vi.fn(), waitForDrain: drain };
  new SlowReader(client as never, connection, told).mend(receiver);
  receiver.deliver0({ topic: "a", qos: 0, retain: false } as never, done);
  expect(done).not.toHaveBeenCalled();
  connection.destroy();
  await vi.waitFor(() => expect(done).toHaveBeenCalledOnce(), patience);
  const late = vi.fn();
  receiver.waitForDrain(late);
  await vi.waitFor(() => expect(late).toHaveBeenCalledOnce(), patience);
  expect(drain).not.toHaveBeenCalled();
});
