import type { Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { patience } from "./fixture.ts";
import { probe, untilOnline } from "./link-contract.ts";
import { startScript } from "./scripted-broker.ts";

const still = { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } };
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});

function publish(payload: string, qos: 0 | 1, id: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([0, 1]),
    Buffer.from("t"),
    qos ? Buffer.from([id >> 8, id & 255]) : Buffer.alloc(0),
    Buffer.from(payload),
  ]);
  return Buffer.concat([Buffer.from([0x30 | (qos << 1), body.length]), body]);
}

it.each([0, 1] as const)("all that a broker has sent with QoS %i before it goes away is taken, in its order", async (qos) => {
  let client: Socket | undefined;
  const broker = await startScript((socket, packet, agree) => {
    client = socket;
    agree(socket, packet);
  });
  open.push(broker.stop);
  const taken: string[] = [];
  const message = ({ payload }: { payload: Uint8Array }) => {
    taken.push(payload.toString());
    // As long as a rule takes.
    const until = performance.now() + 0.3;
    while (performance.now() < until);
  };
  const { link } = probe(broker.url, { backoff: still, protocol: "3.1.1", on: { online() {}, offline() {}, message } });
  open.push(() => link.stop([]));
  link.start();
  await untilOnline(link);
  const sent = Array.from({ length: 200 }, (_, number) => String(number));
  client?.end(Buffer.concat(sent.map((payload, number) => publish(payload, qos, number + 1))));
  await vi.waitFor(() => expect(link.view.online).toBe(false), patience);
  expect(taken).toEqual(sent);
});
