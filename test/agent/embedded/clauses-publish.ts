import { type Clause, closes, equals } from "./clauses.ts";
import type { Rig } from "./rig.ts";
import { connectPacket, messageOf, publishPacket } from "./wire.ts";

/** `payload` and `retain` of what is kept on a topic after these publications. */
async function keptAfter(rig: Rig, publications: readonly (readonly [payload: string, retain: boolean, qos?: number])[]): Promise<string> {
  const topic = rig.name();
  for (const [payload, retain, qos = 1] of publications) await rig.publish(topic, payload, { retain, qos });
  return (await rig.retained(topic)).map(({ payload, retain }) => `${payload} ${retain}`).join();
}

/** What a subscriber that was there before gets. */
async function liveOf(rig: Rig, options: { qos?: number; retain?: boolean; dup?: boolean }, payload = "x") {
  const topic = rig.name();
  const { rest } = await rig.listen([[topic, 1]]);
  const publisher = await rig.connect();
  publisher.send(publishPacket(topic, payload, { qos: 1, ...options }));
  await publisher.next(0x40);
  return rest();
}

/** A session's client that gets `qos`, and is cut off before it answers; `answer` is what it then gets again. */
async function again(rig: Rig, qos: number, before: "PUBLISH" | "PUBREL") {
  const [id, topic] = [rig.name(), rig.name()];
  const wire = await rig.subscribe(topic, qos, { id, clean: false });
  const publisher = await rig.connect();
  publisher.send(publishPacket(topic, "x", { qos: 1 }));
  if (qos === 2) publisher.send(publishPacket(topic, "y", { qos: 2, id: 2 }), [0x62, 2, 0, 2]);
  await publisher.next(0x40);
  if (qos === 2) await publisher.next(0x70);
  let got = await wire.next(0x30);
  if (qos === 2) got = await wire.next(0x30);
  const first = got === "closed" ? undefined : messageOf(got);
  if (before === "PUBREL") {
    wire.send([0x50, 2, (first?.id ?? 0) >> 8, (first?.id ?? 0) & 0xff]);
    await wire.next(0x62);
  }
  wire.cut();
  await wire.over;
  const back = await rig.open();
  back.send(connectPacket({ id, clean: false }));
  return { first, back };
}

/** How often a message of QoS 2 is delivered when its publisher sends it twice. */
async function twice(rig: Rig, reconnect: boolean): Promise<number> {
  const [id, topic] = [rig.name(), rig.name()];
  const { rest } = await rig.listen([[topic, 2]]);
  let publisher = await rig.connect({ id, clean: false });
  publisher.send(publishPacket(topic, "x", { qos: 2, id: 7 }));
  await publisher.next(0x50);
  if (reconnect) {
    publisher.cut();
    await publisher.over;
    publisher = await rig.connect({ id, clean: false });
  }
  publisher.send(publishPacket(topic, "x", { qos: 2, id: 7, dup: true }));
  await publisher.next(0x50);
  publisher.send([0x62, 2, 0, 7]);
  await publisher.next(0x70);
  return (await rest()).length;
}

/** Payloads in the order in which they come. */
async function ordered(rig: Rig, qos: number): Promise<string> {
  const topic = rig.name();
  const { rest } = await rig.listen([[topic, qos]]);
  const publisher = await rig.connect();
  for (let id = 1; id <= 9; id++) publisher.send(publishPacket(topic, String(id), { qos, id }));
  if (qos === 2) for (let id = 1; id <= 9; id++) await publisher.next(0x50);
  if (qos === 2) for (let id = 1; id <= 9; id++) publisher.send([0x62, 2, 0, id]);
  if (qos === 2) for (let id = 1; id <= 9; id++) await publisher.next(0x70);
  await publisher.fate();
  return (await rest()).map(({ payload }) => payload).join("");
}

/** MQTT 3.1.1 sections 3.3 to 3.7 and 4.3 to 4.6. */
export const publishClauses: readonly Clause[] = [
  equals("x true", "MQTT-3.3.1-1", "marks what it sends again", async (rig) => {
    const { back } = await again(rig, 1, "PUBLISH");
    const got = await back.next(0x30);
    return got === "closed" ? got : `${messageOf(got).payload} ${messageOf(got).dup}`;
  }),
  closes("MQTT-3.3.1-2", "takes no DUP flag with QoS 0", (rig) => rig.fateOf(publishPacket("a", "x", { dup: true }))),
  equals([false], "MQTT-3.3.1-3", "does not pass on the DUP flag of a publisher", async (rig) =>
    (await liveOf(rig, { dup: true })).map(({ dup }) => dup),
  ),
  closes("MQTT-3.3.1-4", "takes no QoS 3", (rig) => rig.fateOf(publishPacket("a", "x", { qos: 3 }))),
  equals("new true", "MQTT-3.3.1-5", "keeps the last retained message of a topic", (rig) =>
    keptAfter(rig, [
      ["old", true],
      ["new", true],
    ]),
  ),
  equals("x true", "MQTT-3.3.1-6", "sends it to a new subscription, with the flag", (rig) => keptAfter(rig, [["x", true]])),
  equals("new true", "MQTT-3.3.1-7", "keeps one of QoS 0 in place of an older one", (rig) =>
    keptAfter(rig, [
      ["old", true, 1],
      ["new", true, 0],
    ]),
  ),
  equals([false], "MQTT-3.3.1-9", "sends a live message without the flag", async (rig) =>
    (await liveOf(rig, { retain: true })).map(({ retain }) => retain),
  ),
  equals("", "MQTT-3.3.1-10", "forgets it with an empty one", (rig) =>
    keptAfter(rig, [
      ["x", true],
      ["", true],
    ]),
  ),
  equals([""], "MQTT-3.3.1-10 (live)", "sends the empty one to who is there", async (rig) =>
    (await liveOf(rig, { retain: true }, "")).map(({ payload }) => payload),
  ),
  equals("x true", "MQTT-3.3.1-12", "does not touch it for a message without the flag", (rig) =>
    keptAfter(rig, [
      ["x", true],
      ["y", false],
    ]),
  ),
  closes("MQTT-3.3.2-2 (#)", "takes no # in a topic", (rig) => rig.fateOf(publishPacket("a/#", "x"))),
  closes("MQTT-3.3.2-2 (+)", "takes no + in a topic", (rig) => rig.fateOf(publishPacket("+/a", "x"))),
  equals(
    "stays, 0 forged",
    "MQTT-4.7.2 ($SYS)",
    "acknowledges what a client publishes below $SYS, and drops it (brokers 6.4)",
    async (rig) => {
      const { wire, rest } = await rig.listen([["$SYS/broker/version", 1]]);
      const forger = await rig.connect();
      forger.send(publishPacket("$SYS/broker/version", "forged", { qos: 1, retain: true }));
      await forger.next(0x40);
      const all = [...(await rest()), ...(await rig.retained("$SYS/broker/version"))];
      wire.cut();
      return `${await forger.fate()}, ${all.filter(({ payload }) => payload === "forged").length} forged`;
    },
  ),
  equals("answers", "MQTT-3.3.4-1", "acknowledges QoS 1 and 2, also when nobody listens", async (rig) => {
    const wire = await rig.connect();
    wire.send(publishPacket(rig.name(), "x", { qos: 1 }), publishPacket(rig.name(), "x", { qos: 2, id: 2 }));
    const both = [await wire.next(0x40), await wire.next(0x50)];
    return both.includes("closed") ? "closes" : "answers";
  }),
  equals(1, "MQTT-4.3.3-2", "delivers QoS 2 once although it is sent twice", (rig) => twice(rig, false)),
  equals(1, "MQTT-4.3.3-2 (reconnect)", "also when the publisher was away in between", (rig) => twice(rig, true)),
  equals("answers", "MQTT-4.3.3-2 (PUBREL)", "answers a PUBREL whose message it does not know", async (rig) => {
    const wire = await rig.connect();
    wire.send([0x62, 2, 0, 99]);
    return (await wire.next(0x70)) === "closed" ? "closes" : "answers";
  }),
  equals("same", "MQTT-4.4.0-1 (PUBLISH)", "sends what was not acknowledged again, with its identifier", async (rig) => {
    const { first, back } = await again(rig, 1, "PUBLISH");
    const got = await back.next(0x30);
    return got !== "closed" && messageOf(got).id === first?.id ? "same" : "other";
  }),
  equals("same", "MQTT-4.4.0-1 (PUBREL)", "sends a PUBREL that was not answered again", async (rig) => {
    const { first, back } = await again(rig, 2, "PUBREL");
    const got = await back.next(0x62);
    return got !== "closed" && got.body.readUInt16BE(0) === first?.id ? "same" : "other";
  }),
  equals("123456789", "MQTT-4.6.0-6 (QoS 0)", "keeps the order of a publisher", (rig) => ordered(rig, 0)),
  equals("123456789", "MQTT-4.6.0-6 (QoS 1)", "keeps the order of a publisher with QoS 1", (rig) => ordered(rig, 1)),
  equals("123456789", "MQTT-4.6.0-6 (QoS 2)", "keeps the order of a publisher with QoS 2", (rig) => ordered(rig, 2)),
  equals("123", "MQTT-4.6.0-6 (session)", "keeps the order of what waited", async (rig) => {
    const [id, topic] = [rig.name(), rig.name()];
    const asleep = await rig.subscribe(topic, 1, { id, clean: false });
    asleep.cut();
    await asleep.over;
    for (const payload of ["1", "2", "3"]) await rig.publish(topic, payload);
    const awake = await rig.connect({ id, clean: false });
    const got = [await awake.next(0x30), await awake.next(0x30), await awake.next(0x30)];
    return got.map((one) => (one === "closed" ? one : messageOf(one).payload)).join("");
  }),
];
