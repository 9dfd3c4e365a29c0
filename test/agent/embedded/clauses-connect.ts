import { type Clause, closes, equals, stays } from "./clauses.ts";
import { packet, text } from "./packets.ts";
import type { Rig } from "./rig.ts";
import { type ConnectFields, connectPacket, publishPacket } from "./wire.ts";

/** Not UTF-8: half of a surrogate pair. */
export const broken = Buffer.from([0xed, 0xa0, 0x80]);
const goodbye = [0xe0, 0];

/** The messages of a will whose client goes in this way, and what a later subscriber gets of it. */
async function willOf(rig: Rig, will: { qos?: number; retain?: boolean }, leave: "cut" | "disconnect", keepalive = 60): Promise<unknown> {
  const [topic, end] = [rig.name(), rig.name()];
  const watcher = await rig.subscribe(topic, 2);
  const client = await rig.connect({ will: { topic, payload: "gone", ...will }, keepalive });
  if (leave === "disconnect") client.send(goodbye);
  else if (keepalive === 60) client.cut();
  await client.over;
  if (leave === "cut") await watcher.next(0x30);
  const live = (await ends(rig, watcher, end)).map(({ payload, qos }) => `${payload} ${qos}`);
  const kept = await rig.retained(topic);
  return [...live, ...kept.map(({ payload }) => `kept ${payload}`)].join();
}

async function ends(rig: Rig, watcher: Awaited<ReturnType<Rig["connect"]>>, end: string) {
  watcher.send(packet(0x82, [0, 9], text(end), [0]));
  await watcher.next(0x90);
  return rig.until(watcher, end);
}

/** The session-present flag of the second of two connections under one name. */
async function present(rig: Rig, first: ConnectFields, second: ConnectFields): Promise<number | undefined> {
  const id = rig.name();
  const before = await rig.subscribe("a", 1, { id, ...first });
  before.send(goodbye);
  await before.over;
  const wire = await rig.open();
  wire.send(connectPacket({ id, ...second }));
  const answer = await wire.next(0x20);
  return answer === "closed" ? undefined : answer.body[0];
}

const header = (flags: number, ...rest: (Buffer | readonly number[])[]) =>
  packet(0x10, text("MQTT"), [4, flags, 0, 60], text("c"), ...rest.map((part) => Buffer.from(part)));

/** MQTT 3.1.1 sections 3.1, 3.2 and 3.14. */
export const connectClauses: readonly Clause[] = [
  closes("MQTT-3.1.0-1", "takes nothing before a CONNECT", async (rig) => (await rig.open()).fate()),
  closes("MQTT-3.1.0-2", "takes no second CONNECT", (rig) => rig.fateOf(connectPacket({ id: "second" }))),
  equals("closes", "MQTT-3.1.2-1", "knows one protocol name", (rig) => rig.answerTo({ name: "TTQM" })),
  equals("1 closes", "MQTT-3.1.2-2", "answers an unknown version with code 1", (rig) => rig.answerTo({ level: 6 })),
  closes("MQTT-3.1.2-3", "takes no reserved flag", (rig) => rig.answerTo({ flags: 0x03 })),
  equals(1, "MQTT-3.1.2-4", "goes on with the session of a client", (rig) => present(rig, { clean: false }, { clean: false })),
  equals("waits", "MQTT-3.1.2-5", "keeps what came for a session meanwhile", async (rig) => {
    const [id, topic] = [rig.name(), rig.name()];
    (await rig.subscribe(topic, 1, { id, clean: false })).send(goodbye);
    await rig.publish(topic, "waits");
    const again = await rig.connect({ id, clean: false });
    return (await ends(rig, again, rig.name())).map(({ payload }) => payload).join();
  }),
  equals("0 nothing", "MQTT-3.1.2-6", "forgets everything for a clean session", async (rig) => {
    const [id, topic] = [rig.name(), rig.name()];
    (await rig.subscribe(topic, 1, { id, clean: false })).send(goodbye);
    (await rig.connect({ id })).send(goodbye);
    await rig.publish(topic, "waits");
    const again = await rig.connect({ id, clean: false });
    return `${again.received[0]?.body[0]} ${(await ends(rig, again, rig.name())).map(({ payload }) => payload).join() || "nothing"}`;
  }),
  equals("gone 0", "MQTT-3.1.2-8", "publishes the will of a client that is cut off", (rig) => willOf(rig, {}, "cut")),
  closes("MQTT-3.1.2-9", "wants a will where its flag is set", (rig) => rig.answerTo(header(0x06))),
  equals("", "MQTT-3.1.2-10", "forgets the will at a DISCONNECT", (rig) => willOf(rig, {}, "disconnect")),
  closes("MQTT-3.1.2-11", "takes no QoS of a will that is not there", (rig) => rig.answerTo({ flags: 0x0a })),
  closes("MQTT-3.1.2-14", "takes no will of QoS 3", (rig) => rig.answerTo({ will: { topic: "w", payload: "m", qos: 3 } })),
  closes("MQTT-3.1.2-15", "takes no retain flag of a will that is not there", (rig) => rig.answerTo({ flags: 0x22 })),
  equals("gone 1", "MQTT-3.1.2-16", "does not retain a will without the flag", (rig) => willOf(rig, { qos: 1 }, "cut")),
  equals("gone 2,kept gone", "MQTT-3.1.2-17", "retains a will that asks for it", (rig) => willOf(rig, { qos: 2, retain: true }, "cut")),
  closes("MQTT-3.1.2-18", "takes no user without its flag", (rig) => rig.answerTo(header(0x42, text("p")))),
  closes("MQTT-3.1.2-19", "wants a user where the flag is set", (rig) => rig.answerTo(header(0x82))),
  closes("MQTT-3.1.2-21", "wants a password where the flag is set", (rig) => rig.answerTo(header(0xc2, text("u")))),
  closes("MQTT-3.1.2-22", "takes no password without a user", (rig) => rig.answerTo({ password: "p" })),
  equals("gone 0", "MQTT-3.1.2-24", "ends a connection that is silent for longer than the keep alive", (rig) => willOf(rig, {}, "cut", 1)),
  closes("MQTT-3.1.3-4", "takes no client id that is not UTF-8", (rig) => rig.answerTo({ id: broken })),
  equals("0 stays", "MQTT-3.1.3-5", "takes a client id of 23 letters and digits", (rig) => rig.answerTo({ id: "abcdefghijklmnopqrst012" })),
  equals("0 stays", "MQTT-3.1.3-5 (MQIsdp)", "takes a longer one, with MQTT 3.1 too", (rig) =>
    rig.answerTo({ id: "a".repeat(40), name: "MQIsdp", level: 3 }),
  ),
  closes("MQTT-1.5.3 (client id)", "takes no client id with a control character", (rig) => rig.answerTo({ id: "a\u001b[2J" })),
  closes("MQTT-1.5.3 (user)", "takes no user with a control character", (rig) => rig.answerTo({ username: "a\n" })),
  equals("0 stays", "MQTT-3.1.3-6", "gives a client without an id one", (rig) => rig.answerTo({ id: "" })),
  equals("2 closes", "MQTT-3.1.3-8", "wants an id for a session", (rig) => rig.answerTo({ id: "", clean: false })),
  closes("MQTT-3.1.3-10", "takes no will topic that is not UTF-8", (rig) => rig.answerTo({ will: { topic: broken, payload: "" } })),
  closes("MQTT-3.1.3-11", "takes no user that is not UTF-8", (rig) => rig.answerTo({ username: broken })),
  closes("MQTT-3.3.2-2 (will)", "takes no wildcard in the topic of a will", (rig) => rig.answerTo({ will: { topic: "a/#", payload: "" } })),
  equals("closes, 0 stays", "MQTT-3.1.4-2", "ends the old connection of a client that comes again", async (rig) => {
    const id = rig.name();
    const old = await rig.connect({ id });
    const now = await rig.answerTo({ id });
    return `${await old.fate()}, ${now}`;
  }),
  equals("0 stays", "MQTT-3.1.4-4", "answers a CONNECT with a CONNACK", (rig) => rig.answerTo({})),
  equals([], "MQTT-3.1.4-5", "does nothing for a client that it refused", async (rig) => {
    const [topic, end] = [rig.name(), rig.name()];
    const watcher = await rig.subscribe(topic);
    const refused = await rig.open();
    refused.send(connectPacket({ level: 6 }), publishPacket(topic, "x"));
    await refused.over;
    return ends(rig, watcher, end);
  }),
  equals(0x20, "MQTT-3.2.0-1", "sends nothing before the CONNACK", async (rig) => {
    const [id, topic] = [rig.name(), rig.name()];
    (await rig.subscribe(topic, 1, { id, clean: false })).send(goodbye);
    await rig.publish(topic, "waits");
    const again = await rig.connect({ id, clean: false });
    await again.next(0x30);
    return again.received[0]?.first;
  }),
  equals(0, "MQTT-3.2.2-1", "has no session for who wants a clean one", (rig) => present(rig, { clean: false }, { clean: true })),
  equals(1, "MQTT-3.2.2-2", "tells that it has a session, also one without a subscription", async (rig) => {
    const id = rig.name();
    const before = await rig.connect({ id, clean: false });
    before.send(goodbye);
    await before.over;
    return (await rig.connect({ id, clean: false })).received[0]?.body[0];
  }),
  equals(0, "MQTT-3.2.2-3", "tells that it has no session", (rig) => present(rig, { clean: true }, { clean: false })),
  equals("0 1", "MQTT-3.2.2-4", "has no session for who is refused", async (rig) => {
    const wire = await rig.connect({ level: 6 });
    return wire.received[0]?.body.join(" ");
  }),
  closes("MQTT-3.2.2-5", "ends the connection after a refusal", async (rig) => {
    const wire = await rig.connect({ level: 6 });
    return wire.fate();
  }),
  closes("MQTT-3.14.1-1", "takes no flags with a DISCONNECT, and publishes the will", (rig) => rig.fateOf([0xe1, 0])),
  closes("MQTT-3.14.4-1", "ends the connection at a DISCONNECT", (rig) => rig.fateOf(goodbye)),
  equals([], "MQTT-3.14.4-2", "takes nothing after a DISCONNECT", async (rig) => {
    const [topic, end] = [rig.name(), rig.name()];
    const watcher = await rig.subscribe(topic);
    const client = await rig.connect();
    client.send(goodbye, publishPacket(topic, "late"));
    await client.over;
    return ends(rig, watcher, end);
  }),
  stays("MQTT-3.12.4-1", "answers a PINGREQ", (rig) => rig.fateOf([0xc0, 0])),
];
