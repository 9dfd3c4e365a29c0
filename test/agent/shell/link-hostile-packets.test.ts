import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Link, LinkOptions, MqttVersion, Publication } from "../../../agent/shell/link.ts";
import { isRefusal } from "../../../agent/shell/link-terms.ts";
import { packet, text } from "../embedded/packets.ts";
import { patience } from "./fixture.ts";
import { type HostileBroker, type Packet, type Script, startHostile } from "./hostile-broker.ts";
import { P, type Probe, probe, state, untilOnline } from "./link-contract.ts";

let broker: HostileBroker;
let link: Link | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await link?.stop([]);
  await broker.stop();
});

const connect = 1;
const publish = 3;
const subscribe = 8;
const set = `${P}/out/lamp/set`;

async function meet(version: MqttVersion, script: Script | undefined, changes: Partial<LinkOptions> = {}): Promise<Probe> {
  broker = await startHostile(version);
  broker.script = script;
  const made = probe(broker.url, { protocol: version, ...changes });
  link = made.link;
  made.link.start();
  return made;
}

/** The broker behaves again: the link comes back by itself, and a command is heard. */
async function recovers({ link, messages, events }: Probe, version: MqttVersion): Promise<void> {
  broker.script = undefined;
  broker.topics.length = 0;
  const before = events.length;
  for (const socket of broker.sockets) socket.destroy();
  await vi.waitFor(() => expect(events.slice(before).at(-1)).toBe(`online ${version}`), patience);
  expect(link.view.online).toBe(true);
  expect(broker.topics.at(-1)).toBe(`${P}/status`);
  messages.length = 0;
  command(version, "ON");
  await vi.waitFor(() => expect(messages.map(({ payload }) => payload.toString())).toEqual(["ON"]), patience);
}

function send(bytes: Buffer): void {
  for (const socket of broker.sockets) socket.write(bytes);
}
const properties = (version: MqttVersion) => (version === "5" ? [0] : []);
function command(version: MqttVersion, payload: string): void {
  send(packet(0x30, text(set), properties(version), payload));
}
/** Does it instead of answering packets of this type. */
const instead =
  (type: number, act: (socket: Socket, packet: Packet) => void): Script =>
  (socket, incoming) => {
    if (incoming.type !== type) return false;
    act(socket, incoming);
    return true;
  };
const idOf = ({ body }: Packet) => {
  const end = 2 + body.readUInt16BE(0);
  return body.subarray(end, end + 2);
};
const nothing = () => undefined;
const notMqtt = /sent is not MQTT/;

describe.each(["5", "3.1.1"] as const)("the link on a hostile broker with MQTT %s", (version) => {
  const none = properties(version);
  const leaves: [string, Script, RegExp][] = [
    ["sends garbage before CONNACK", instead(connect, (socket) => socket.write(Buffer.alloc(5_000, 0xff))), notMqtt],
    ["sends garbage after CONNACK", instead(subscribe, (socket) => socket.write(Buffer.alloc(5_000, 0xf7))), notMqtt],
    ["sends a length of five bytes", instead(subscribe, (socket) => socket.write(Buffer.alloc(6, 0x80).fill(0x30, 0, 1))), notMqtt],
    ["sends SUBACK before CONNACK", instead(connect, (socket) => socket.write(packet(0x90, [0, 1], none, [1, 1]))), /./],
    ["sends a PUBLISH that ends within its topic", instead(subscribe, (socket) => socket.write(packet(0x30, [0, 99], "short"))), notMqtt],
    [
      "sends a PUBLISH without the id that is to be acknowledged",
      instead(subscribe, (socket) => socket.write(packet(0x32, text(set)))),
      notMqtt,
    ],
    ["sends a PUBLISH before CONNACK", instead(connect, (socket) => socket.write(packet(0x30, text(set), none, "ON"))), notMqtt],
    [
      "sends CONNACK and PUBREL in front of garbage",
      instead(connect, (socket) => socket.write(Buffer.concat([packet(0x20, [0, 0], none), packet(0x62, [0, 9]), Buffer.alloc(99, 0xf7)]))),
      notMqtt,
    ],
    ["sends both QoS bits", instead(subscribe, (socket) => socket.write(packet(0x36, text(set), [0, 1], none))), notMqtt],
    ["sends QoS 2, which was not asked for", instead(subscribe, (socket) => socket.write(packet(0x34, text(set), [0, 1], none))), notMqtt],
    [
      "closes in the middle of a PUBLISH",
      instead(subscribe, (socket) => socket.end(packet(0x30, text(set), none, "ON").subarray(0, 9))),
      /closed the connection/,
    ],
    ["closes in the middle of CONNACK", instead(connect, (socket) => socket.end(Buffer.from([0x20, 3, 0]))), /closed the connection/],
    [
      "refuses every subscription",
      instead(subscribe, (socket, { body }) => socket.write(packet(0x90, body.subarray(0, 2), none, [0x80, 0x80]))),
      /refuses the subscription/,
    ],
    [
      "answers for fewer subscriptions than it was asked",
      instead(subscribe, (socket, { body }) => socket.write(packet(0x90, body.subarray(0, 2), none))),
      /./,
    ],
  ];
  it.each(leaves)("has a sentence when it %s, and comes back", async (_name, script, sentence) => {
    const made = await meet(version, script);
    await vi.waitFor(() => expect(made.link.view.problem).toMatch(sentence), patience);
    expect(made.link.view.online).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested.
    expect(made.link.view.problem).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    await recovers(made, version);
  });

  it("has a sentence with the code for each refusal there is, and comes back after all of them", async () => {
    const codes =
      version === "5" ? Array.from({ length: 128 }, (_, index) => 0x80 + index) : Array.from({ length: 255 }, (_, index) => index + 1);
    const left = [...codes];
    const made = await meet(
      version,
      (socket, incoming) => {
        const code = incoming.type === connect ? left.shift() : undefined;
        if (code !== undefined) socket.write(packet(0x20, [0, code], none));
        return code !== undefined;
      },
      { backoff: { first: 1, limit: 1, refused: { from: 1, to: 1 } } },
    );
    await untilOnline(made.link);
    const texts = codes.map((code) => (code < 16 ? `code ${code}` : `code 0x${code.toString(16)}`));
    const [online, ...sentences] = made.events.toReversed();
    expect(online).toBe(`online ${version}`);
    expect(sentences.toReversed().map((sentence) => /\((code [0-9a-fx]+)/.exec(sentence)?.[1])).toEqual(texts);
    await recovers(made, version);
  });

  it("takes nothing any more on a connection that it has given up: an event would come back at once, for ever", async () => {
    const taken: boolean[] = [];
    const event: Publication = { topic: `${P}/in/bell/event`, payload: "{}", qos: 1, retain: false, kind: "event" };
    const message = () => {
      taken.push(made.link.publish(event, nothing));
    };
    const made = await meet(version, undefined, { on: { ...probe("mqtt://127.0.0.1:1").options.on, message } });
    await untilOnline(made.link);
    const ON = packet(0x30, text(set), none, "ON");
    send(ON);
    await vi.waitFor(() => expect(taken).toEqual([true]), patience);
    // The library tells of the garbage before it tells of what came in front.
    send(Buffer.concat([ON, Buffer.alloc(99, 0xf7)]));
    await vi.waitFor(() => expect(taken).toEqual([true, false]), patience);
  });

  const overdue: [string, Script][] = [
    ["never answers SUBSCRIBE", instead(subscribe, nothing)],
    ["answers SUBSCRIBE with another id", instead(subscribe, (socket) => socket.write(packet(0x90, [0x77, 0x77], none, [1, 1])))],
    ["never answers PUBLISH", instead(publish, nothing)],
    ["answers PUBLISH with another id", instead(publish, (socket) => socket.write(packet(0x40, [0x77, 0x77])))],
    ["answers PUBLISH with SUBACK", instead(publish, (socket, incoming) => socket.write(packet(0x90, idOf(incoming), none, [1])))],
  ];
  it.each(overdue)("does not wait for ever when it %s, and comes back", async (_name, script) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    let asked = 0;
    const made = await meet(version, (socket, incoming) => {
      const handled = script(socket, incoming);
      if (handled) asked++;
      return handled;
    });
    await vi.waitFor(() => expect(asked).toBeGreaterThan(0), patience);
    vi.advanceTimersByTime(31_000);
    await vi.waitFor(() => expect(made.link.view.problem).toMatch(/does not acknowledge what it is sent|is not MQTT/), patience);
    await recovers(made, version);
  });

  it("connects anew when one acknowledgement does not come although others do, and gives its event back", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const bell = `${P}/in/bell/event`;
    const made = await meet(
      version,
      instead(publish, (socket, incoming) => {
        const topic = incoming.body.toString("utf8", 2, 2 + incoming.body.readUInt16BE(0));
        if (topic !== bell && (incoming.flags & 6) === 2) socket.write(packet(0x40, idOf(incoming)));
      }),
    );
    await untilOnline(made.link);
    const event: Publication = { topic: bell, payload: "{}", qos: 1, retain: false, kind: "event" };
    const settled = new Promise<Error | undefined>((resolve) => void made.link.publish(event, resolve));
    for (let second = 0; second < 31; second++) {
      await new Promise<unknown>((resolve) => {
        if (!made.link.publish({ ...event, topic: `${P}/in/door/event` }, resolve)) resolve(false);
      });
      vi.advanceTimersByTime(1000);
    }
    expect(await settled).toBeInstanceOf(Error);
    expect(isRefusal(await settled)).toBe(false);
    await vi.waitFor(
      () => expect(made.events).toContain(`offline: the broker 127.0.0.1:${broker.port} does not acknowledge what it is sent`),
      patience,
    );
    await recovers(made, version);
  });

  const large = (size: number) => packet(0x30, text(set), none, Buffer.alloc(size, 0x78));
  const survives: [string, () => void][] = [
    [
      "acknowledges twice, and what was never sent",
      () => send(Buffer.concat([1, 2, 3, 999, 0].map((id) => packet(0x40, [id >> 8, id & 255])))),
    ],
    ["sends PUBREC, PUBREL and PUBCOMP for nothing", () => send(Buffer.concat([0x50, 0x62, 0x70].map((first) => packet(first, [0, 9]))))],
    [
      "sends SUBACK and UNSUBACK for nothing",
      () => send(Buffer.concat([packet(0x90, [0, 9], none, [1]), packet(0xb0, [0, 9], none, version === "5" ? [0] : [])])),
    ],
    ["sends PINGREQ and PINGRESP unasked", () => send(Buffer.concat([packet(0xc0), packet(0xd0), packet(0xd0)]))],
    [
      "sends SUBSCRIBE and UNSUBSCRIBE, as only a client may",
      () => send(Buffer.concat([packet(0x82, [0, 1], none, text("#"), [1]), packet(0xa2, [0, 1], none, text("#"))])),
    ],
    ["sends a topic of 65,535 levels", () => send(packet(0x30, text("/".repeat(65_535)), none, "ON"))],
    ["sends topics that are not UTF-8", () => send(packet(0x30, text(Buffer.from([0xff, 0xfe, 0xc0, 0x80])), none, "ON"))],
    ["sends a topic with a NUL and a wildcard", () => send(packet(0x30, text("a\0b/#"), none, "ON"))],
    ["sends 64 MB in four packets", () => send(Buffer.concat(Array.from({ length: 4 }, () => large(16_000_000))))],
    [
      "sends 50,000 packets at once",
      () => send(Buffer.concat(Array.from({ length: 50_000 }, () => packet(0x30, text(set), none, "flood")))),
    ],
  ];
  it.each(survives)("survives one that %s", async (_name, act) => {
    let heard = 0;
    let largest = 0;
    let last = "";
    const message: LinkOptions["on"]["message"] = ({ payload }) => {
      heard++;
      largest = Math.max(largest, payload.length);
      last = payload.toString("utf8", 0, 20);
    };
    const made = await meet(version, undefined, { on: { ...probe("mqtt://127.0.0.1:1").options.on, message } });
    await untilOnline(made.link);
    const memory = process.memoryUsage().rss;
    act();
    command(version, "the end");
    await vi.waitFor(() => expect(last).toBe("the end"), patience);
    expect(made.link.view).toMatchObject({ online: true, reconnects: 0 });
    expect(largest).toBeLessThanOrEqual(256 * 1024);
    expect(heard).toBeLessThanOrEqual(50_001);
    expect(process.memoryUsage().rss - memory).toBeLessThan(300_000_000);
    expect(made.link.publish(state("in/bell/state", "ON"))).toBe(true);
    await vi.waitFor(() => expect(broker.topics.at(-1)).toBe(`${P}/in/bell/state`), patience);
  });
});

describe("the link on a broker that lies about what it takes (MQTT 5)", () => {
  const greets = (...bytes: number[]) => instead(connect, (socket) => socket.write(packet(0x20, [0, 0, bytes.length], bytes)));
  const alias = [3, 0x23, 0, 1];
  const manyProperties = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.concat([Buffer.from([0x26]), text("k"), text("v")])));
  const propertiesLength = [(manyProperties.length & 127) | 128, ((manyProperties.length >> 7) & 127) | 128, manyProperties.length >> 14];

  it.each([
    ["a receive maximum of 0", greets(0x21, 0, 0), /is not MQTT 5 \(.*receive maximum/i],
    ["a maximum packet size of 0", greets(0x27, 0, 0, 0, 0), /is not MQTT 5 \(.*maximum packet size/i],
    ["a maximum packet size of 1", greets(0x27, 0, 0, 0, 1), /refuses the publication|maximum packet size/i],
    ["a topic alias in what it sends", instead(subscribe, (socket) => socket.write(packet(0x30, text(""), alias, "ON"))), notMqtt],
    ["a property that does not exist", greets(0x7f, 1), notMqtt],
    ["a server keep alive that it says twice", greets(0x13, 0, 9, 0x13, 0, 9), notMqtt],
    ["a server keep alive that is cut off", greets(0x13), notMqtt],
    ["a receive maximum that it says twice", greets(0x21, 0, 9, 0x21, 0, 9), notMqtt],
    ["another server that it names twice", greets(0x1c, 0, 1, 0x78, 0x1c, 0, 1, 0x79), notMqtt],
    ["properties longer than the packet", instead(connect, (socket) => socket.write(packet(0x20, [0, 0, 99], [0x21, 0, 9]))), /./],
  ] as [string, Script, RegExp][])("has a sentence for %s, and comes back", async (_name, script, sentence) => {
    const made = await meet("5", script);
    await vi.waitFor(() => expect(made.link.view.problem).toMatch(sentence), patience);
    expect(made.link.view.online).toBe(false);
    await recovers(made, "5");
  });

  it("hears nothing of a packet that nobody can make sense of, nor of what comes behind it", async () => {
    const twice = [Buffer.from([8, 8]), text("a"), Buffer.from([8]), text("b")];
    const made = await meet("5", undefined);
    await untilOnline(made.link);
    send(Buffer.concat([packet(0x30, text(set), ...twice, "ON"), packet(0x30, text(set), [0], "OFF")]));
    await vi.waitFor(() => expect(made.events.some((event) => notMqtt.test(event))).toBe(true), patience);
    expect(made.messages).toEqual([]);
    await recovers(made, "5");
  });

  it("takes a publication that says by which subscriptions it comes: of a session that is kept, there may be several", async () => {
    const made = await meet("5", undefined);
    await untilOnline(made.link);
    send(packet(0x30, text(set), [4, 0x0b, 1, 0x0b, 2], "ON"));
    await vi.waitFor(() => expect(made.messages.map(({ payload }) => payload.toString())).toEqual(["ON"]), patience);
    expect(made.link.view.online).toBe(true);
  });

  it("takes correlation data for what it is, also if it reads like a number", async () => {
    const made = await meet("5", undefined);
    await untilOnline(made.link);
    send(packet(0x30, text(set), [5, 9, 0, 2], "-1", "ON"));
    await vi.waitFor(() => expect(made.messages[0]?.correlationData?.toString()).toBe("-1"), patience);
    expect(made.link.view.online).toBe(true);
  });

  it("goes on through ten thousand properties", async () => {
    const made = await meet("5", undefined);
    await untilOnline(made.link);
    send(packet(0x30, text(set), propertiesLength, manyProperties, "ON"));
    await vi.waitFor(() => expect(made.messages.map(({ payload }) => payload.toString())).toEqual(["ON"]), patience);
    expect(made.link.view.online).toBe(true);
  });

  it("keeps to a receive maximum of 1", async () => {
    let waiting = 0;
    let most = 0;
    const made = await meet("5", (socket, incoming) => {
      if (incoming.type === connect) socket.write(packet(0x20, [0, 0, 3, 0x21, 0, 1]));
      else if (incoming.type === publish && (incoming.flags & 6) === 2) {
        most = Math.max(most, ++waiting);
        setImmediate(() => {
          waiting--;
          socket.write(packet(0x40, idOf(incoming)));
        });
      } else return false;
      return true;
    });
    for (let id = 0; id < 50; id++) made.link.publish(state(`in/i${id}/state`, "ON"));
    await untilOnline(made.link);
    for (let id = 0; id < 50; id++) made.link.publish(state(`in/i${id}/state`, "ON"));
    await vi.waitFor(() => expect(most).toBe(1), patience);
  });

  it.each([
    ["a payload", { payload: "é".repeat(200) }],
    ["a topic", { topic: `${P}/${"é".repeat(190)}` }],
    ["a response topic", { properties: { responseTopic: "é".repeat(190) } }],
    ["correlation data", { properties: { correlationData: Buffer.alloc(380) } }],
  ] as [string, Partial<Publication>][])("sends nothing larger than it takes, counted in bytes: %s", async (_name, part) => {
    const made = await meet("5", greets(0x27, 0, 0, 400 >> 8, 400 & 0xff));
    await untilOnline(made.link);
    const event: Publication = { topic: `${P}/in/bell/event`, payload: "{}", qos: 1, retain: false, kind: "event", ...part };
    const settled = await new Promise<Error | undefined>((resolve) => void made.link.publish(event, resolve));
    expect(settled).toMatchObject({ code: 0x95 });
    expect(broker.topics).not.toContain(event.topic);
    expect(made.link.publish({ ...event, topic: `${P}/in/bell/event`, payload: "é".repeat(100), properties: {} })).toBe(true);
    await vi.waitFor(() => expect(broker.topics.at(-1)).toBe(`${P}/in/bell/event`), patience);
  });

  const refusing = (topic: string, code: number) =>
    instead(publish, (socket, incoming) => {
      const refused = incoming.body.toString("utf8", 2, 2 + incoming.body.readUInt16BE(0)) === topic;
      socket.write(packet(0x40, idOf(incoming), refused ? [code] : []));
    });
  it.each([0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])(
    "names what is refused with PUBACK 0x%x, and says no online without its status",
    async (code) => {
      const hex = code.toString(16);
      const made = await meet("5", refusing(`${P}/out/lamp/state`, code), { birth: () => [state("out/lamp/state", "OFF")] });
      await untilOnline(made.link);
      expect(made.link.refused).toBe(1);
      expect(made.warnings[0]).toContain(`refuses the publication of ${P}/out/lamp/state (code 0x${hex})`);
      broker.script = refusing(`${P}/in/bell/event`, code);
      const settled = await new Promise<Error | undefined>((resolve) => {
        made.link.publish({ topic: `${P}/in/bell/event`, payload: "{}", qos: 1, retain: false, kind: "event" }, resolve);
      });
      expect(settled).toMatchObject({ code });
      expect(made.link.view.online).toBe(true);
      broker.script = refusing(`${P}/status`, code);
      for (const socket of broker.sockets) socket.destroy();
      await vi.waitFor(() => expect(made.link.view.problem).toContain(`refuses the publication of ${P}/status`), patience);
      await recovers(made, "5");
    },
  );

  it("names each topic that is refused, and takes an answer that nobody may hear for no fault of this node", async () => {
    const told: (string | null)[] = [];
    const { options } = probe("mqtt://x");
    const refused = (problem: string | null) => {
      told.push(problem);
      // As the agent does: its health is news, and refused as well.
      made.link.publish(state("health", "{}"));
    };
    const made = await meet("5", refusing(`${P}/health`, 0x87), { on: { ...options.on, refused } });
    await untilOnline(made.link);
    const publish = (kind: "event" | "answer", topic: string) =>
      new Promise((resolve) => void made.link.publish({ kind, topic, payload: "{}", qos: 1, retain: false }, resolve));
    broker.script = refusing("nobody/hears", 0x87);
    for (let count = 0; count < 6; count++) await publish("answer", "nobody/hears");
    expect(made.link.view).toMatchObject({ online: true, problem: null });
    expect(told).toEqual([]);
    broker.script = refusing(`${P}/health`, 0x87);
    made.link.publish(state("health", "{}"));
    await vi.waitFor(() => expect(made.link.refused).toBe(8), patience);
    await publish("event", `${P}/in/bell/event`);
    expect(made.link.refused).toBe(8);
    expect(told).toHaveLength(1);
    const health = made.link.view.problem;
    broker.script = refusing(`${P}/in/bell/event`, 0x87);
    await publish("event", `${P}/in/bell/event`);
    const words = (topic: string) => `the broker refuses the publication of ${topic} (code 0x87): allow this client to publish there`;
    expect(health).toBe(words(`${P}/health`));
    expect(made.warnings.filter((line) => !line.includes("nobody"))).toEqual([
      words(`${P}/health`),
      words(`${P}/health`),
      words(`${P}/in/bell/event`),
    ]);
  });
});
