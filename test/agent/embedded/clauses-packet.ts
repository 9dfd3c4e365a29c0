import { type Clause, closes, equals } from "./clauses.ts";
import { broken } from "./clauses-connect.ts";
import { packet, text } from "./packets.ts";
import { connectPacket, publishPacket, subscribePacket, unsubscribePacket } from "./wire.ts";

/** MQTT 3.1.1 sections 1.5 and 2: what holds for every packet. */
export const packetClauses: readonly Clause[] = [
  closes("MQTT-1.5.3-1", "takes no text that is not UTF-8", (rig) => rig.fateOf(publishPacket(broken, "x"))),
  closes("MQTT-1.5.3-2", "takes no text with U+0000", (rig) => rig.fateOf(publishPacket("a\0b", "x"))),
  closes("MQTT-1.5.3 (control)", "takes no text with a control character", (rig) => rig.fateOf(publishPacket("a\u0007b", "x"))),
  equals("\ufeffx", "MQTT-1.5.3-3", "keeps U+FEFF in a topic", async (rig) => {
    const topic = rig.name();
    await rig.publish(`${topic}/\ufeffx`, "x", { retain: true });
    return (await rig.retained(`${topic}/+`))[0]?.topic.slice(topic.length + 1);
  }),
  closes("MQTT-2.2.1 (type 0)", "takes no packet of the reserved type 0", (rig) => rig.fateOf([0x00, 0])),
  closes("MQTT-2.2.1 (type 15)", "takes no packet of the reserved type 15", (rig) => rig.fateOf([0xf0, 0])),
  closes("MQTT-4.8.0-1 (CONNACK)", "takes no CONNACK from a client", (rig) => rig.fateOf([0x20, 2, 0, 0])),
  closes("MQTT-4.8.0-1 (SUBACK)", "takes no SUBACK from a client", (rig) => rig.fateOf([0x90, 3, 0, 1, 0])),
  closes("MQTT-4.8.0-1 (UNSUBACK)", "takes no UNSUBACK from a client", (rig) => rig.fateOf([0xb0, 2, 0, 1])),
  closes("MQTT-2.2.2-2 (CONNECT)", "takes no flags with a CONNECT", async (rig) => {
    const connect = connectPacket();
    connect[0] = 0x11;
    return rig.answerTo(connect);
  }),
  closes("MQTT-2.2.2-2 (PINGREQ)", "takes no flags with a PINGREQ", (rig) => rig.fateOf([0xc1, 0])),
  closes("MQTT-2.2.2-2 (PUBACK)", "takes no flags with a PUBACK", (rig) => rig.fateOf([0x42, 2, 0, 1])),
  closes("MQTT-2.2.3", "takes no length of more than four bytes", (rig) => rig.fateOf([0xc0, 0x80, 0x80, 0x80, 0x80, 0x00])),
  closes("MQTT-2.3.1-1 (PUBLISH)", "takes no PUBLISH of QoS 1 with the identifier 0", (rig) =>
    rig.fateOf(publishPacket("a", "x", { qos: 1, id: 0 })),
  ),
  closes("MQTT-2.3.1-1 (SUBSCRIBE)", "takes no SUBSCRIBE with the identifier 0", (rig) => rig.fateOf(subscribePacket([["a", 0]], 0))),
  closes("MQTT-2.3.1-1 (UNSUBSCRIBE)", "takes no UNSUBSCRIBE with the identifier 0", (rig) => rig.fateOf(unsubscribePacket(["a"], 0))),
  equals("01x", "MQTT-2.3.1-5", "puts no identifier into a PUBLISH of QoS 0", async (rig) => {
    const topic = rig.name();
    const wire = await rig.subscribe(topic, 0);
    await rig.publish(topic, "01x", { qos: 1 });
    const got = await wire.next(0x30);
    return got === "closed" ? got : got.body.subarray(2 + topic.length).toString();
  }),
  equals([0x12, 0x34], "MQTT-2.3.1-6 (PUBACK)", "acknowledges with the same identifier", async (rig) => {
    const wire = await rig.connect();
    wire.send(publishPacket(rig.name(), "x", { qos: 1, id: 0x1234 }));
    const got = await wire.next(0x40);
    return got === "closed" ? got : [...got.body];
  }),
  equals([0x12, 0x34, 0x12, 0x34], "MQTT-2.3.1-6 (PUBREC, PUBCOMP)", "acknowledges QoS 2 with the same identifier", async (rig) => {
    const wire = await rig.connect();
    wire.send(publishPacket(rig.name(), "x", { qos: 2, id: 0x1234 }));
    const record = await wire.next(0x50);
    wire.send([0x62, 2, 0x12, 0x34]);
    const complete = await wire.next(0x70);
    return [record, complete].flatMap((got) => (got === "closed" ? [] : [...got.body]));
  }),
  equals([0, 77, 0, 78], "MQTT-2.3.1-7", "answers SUBSCRIBE and UNSUBSCRIBE with the same identifier", async (rig) => {
    const wire = await rig.connect();
    wire.send(subscribePacket([["a", 0]], 77), unsubscribePacket(["a"], 78));
    const [subscribed, unsubscribed] = [await wire.next(0x90), await wire.next(0xb0)];
    return [subscribed, unsubscribed].flatMap((got) => (got === "closed" ? [] : [...got.body.subarray(0, 2)]));
  }),
  equals([0x50, 0x70, 0x90, 0xb0], "MQIsdp (2.1)", "takes the DUP flag of what MQTT 3.1 sends again", async (rig) => {
    const wire = await rig.connect({ name: "MQIsdp", level: 3 });
    const again = (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) | 0x08]), bytes.subarray(1)]);
    const answers: number[] = [];
    for (const [sent, answer] of [
      [publishPacket(rig.name(), "x", { qos: 2, id: 7 }), 0x50],
      [again(Buffer.from([0x62, 2, 0, 7])), 0x70],
      [again(subscribePacket([["a", 0]])), 0x90],
      [again(unsubscribePacket(["a"])), 0xb0],
    ] as const) {
      wire.send(sent);
      const got = await wire.next(answer);
      answers.push(got === "closed" ? 0 : got.first);
    }
    return answers;
  }),
  closes("MQTT-3.6.1-1", "takes no PUBREL without its flag", (rig) => rig.fateOf([0x60, 2, 0, 1])),
  closes("MQTT-3.8.1-1", "takes no SUBSCRIBE without its flag", (rig) => rig.fateOf(packet(0x80, [0, 1], text("a"), [0]))),
  closes("MQTT-3.10.1-1", "takes no UNSUBSCRIBE without its flag", (rig) => rig.fateOf(packet(0xa0, [0, 1], text("a")))),
];
