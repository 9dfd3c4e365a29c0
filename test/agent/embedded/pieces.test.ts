import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { joinPieces, maxPieces } from "../../../agent/embedded/pieces.ts";
import { generate } from "./packets.ts";
import { wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";

const { resolve } = createRequire(import.meta.url);

/** aedes' own. */
function newParser() {
  const packets = createRequire(resolve("aedes"))("mqtt-packet");
  const parser = packets.parser({ protocolVersion: 4 });
  const payloads: string[] = [];
  parser.on("packet", ({ payload }: { payload: Buffer }) => payloads.push(payload.toString()));
  joinPieces(parser);
  return { payloads, parse: (bytes: Buffer) => parser.parse(bytes), kept: () => parser._list.getBuffers().length as number };
}

it("what comes byte by byte is kept in few pieces, and is whole in the end", () => {
  const { payloads, parse, kept } = newParser();
  const payload = Array.from({ length: 10_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join("");
  const whole = generate.publish("a", payload);
  let most = 0;
  for (const byte of [...whole, ...whole]) {
    parse(Buffer.from([byte]));
    most = Math.max(most, kept());
  }
  expect(payloads).toEqual([payload, payload]);
  expect(most).toBeLessThanOrEqual(maxPieces + 1);
});

it("a packet in a thousand pieces arrives, and what follows it", async () => {
  const broker = await storeWorld().start();
  const [reader, slow] = [await wire(broker.port, "reader", { clean: true }), await wire(broker.port, "slow", { clean: true })];
  await reader.subscribe("a", 0);
  for (const byte of generate.publish("a", "x".repeat(1000)))
    await new Promise((written) => slow.socket.write(Buffer.from([byte]), written));
  slow.send("a", "next");
  await expect.poll(() => reader.payloads.map(({ length }) => length)).toEqual([1000, 4]);
});
