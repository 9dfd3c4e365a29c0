import { expect, it, onTestFinished } from "vitest";
import { describeMosquitto, startMosquitto } from "../../brokers.ts";
import { linkContract, probe, untilOnline } from "./link-contract.ts";
import { startScript } from "./scripted-broker.ts";

describeMosquitto("the link with MQTT 3.1 on mosquitto", () => {
  linkContract((port) => startMosquitto(port === undefined ? {} : { port }), "3.1", "mosquitto 2.0, MQTT 3.1.1", "3.1");
});

it("MQTT 3.1 has a name of its own on the wire", async () => {
  let first: Buffer | undefined;
  const broker = await startScript((socket, packet, agree) => {
    first ??= packet;
    agree(socket, packet);
  });
  onTestFinished(() => broker.stop());
  const { link } = probe(broker.url, { protocol: "3.1" });
  onTestFinished(() => link.stop([]));
  link.start();
  await untilOnline(link);
  // [MQTT 3.1, section 3.1]: the protocol's name, then version 3.
  expect(first?.subarray(2, 11)).toEqual(Buffer.from("\0\x06MQIsdp\x03"));
});
