import { expect, test } from "vitest";
import { garden, hostView, packets, Scene } from "../scene.ts";
import { golden } from "./golden.ts";

function scene(): Scene {
  const shown = garden();
  shown.keys("6");
  shown.act({ type: "trace", entries: packets() });
  const { values } = hostView();
  shown.act({ type: "host", data: hostView({ values: { ...values, "outbox/dropped/expired": "1", "outbox/dropped": "1" } }) });
  shown.act({ type: "host", data: hostView() });
  return shown;
}

golden("Trace", () => {
  const shown = scene();
  shown.keys("k", "k");
  shown.act({ type: "packet-bytes", number: 7, bytes: { number: 7, size: 5, hex: "4003126710" } });
  return shown;
}, ["tab", "tab"]);

const title = (shown: Scene) => shown.draw(100, 24).lines()[1] ?? "";
const chosen = (shown: Scene) =>
  shown
    .draw(100, 24)
    .lines()
    .slice(0, 12)
    .find((line) => line.startsWith(">")) ?? "";
const later = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({ number: from + at, at: "", direction: "sent" as const, type: "PINGREQ" }));

test("the packets are asked for while somebody looks: at once, again after each answer, and no longer", () => {
  const shown = new Scene().attach();
  expect(shown.keys("6")).toEqual([
    { type: "watch", views: ["pins", "host"] },
    { type: "trace", after: 0, wait: 0 },
    { type: "packet-bytes", number: 1 },
  ]);
  expect(shown.keys("1", "6"), "one question at a time").not.toContainEqual(expect.objectContaining({ type: "trace" }));
  expect(shown.act({ type: "trace", entries: packets() })).toEqual([{ type: "trace", after: 9, wait: 300 }]);
  shown.keys("1");
  expect(shown.act({ type: "trace", entries: [] })).toEqual([]);
  expect(shown.keys("6")).toContainEqual({ type: "trace", after: 9, wait: 0 });
});

test("a question that was never answered is asked again", () => {
  const shown = new Scene().attach();
  shown.keys("6");
  shown.pass(5000);
  shown.effects.length = 0;
  shown.pass(5000);
  expect(shown.effects).toContainEqual({ type: "trace", after: 0, wait: 0 });
});

test("as many packets are kept as the agent keeps, and those that were overwritten are counted", () => {
  const shown = scene();
  shown.act({ type: "trace", entries: later(110, 3000) });
  expect(shown.state.trace.entries.length).toBe(1000);
  expect(title(shown)).toContain("1,000 kept");
  expect(title(shown)).toContain("100 missed");
});

test("an agent that counts from one again replaces what was there, and until it answers the old stays, called stale", () => {
  const shown = scene();
  shown.act({ type: "agent-offline", problem: "the agent closed the link" });
  shown.pass(12_000);
  expect(title(shown)).toContain("STALE 12s, no agent - 9 kept");
  shown.attach();
  expect(shown.effects.at(-1)).toEqual({ type: "trace", after: 0, wait: 0 });
  expect(title(shown)).toContain("9 kept");
  shown.act({ type: "trace", entries: packets().slice(0, 2) });
  expect(title(shown)).toContain("2 kept");
  expect(title(shown)).not.toContain("missed");
});

test("after a lost connection to the same agent only what is new is added and recorded", () => {
  const shown = scene();
  shown.act({ type: "recording", path: "/x" });
  shown.act({ type: "agent-offline", problem: "gone" });
  shown.attach();
  const [effect] = shown.act({ type: "trace", entries: [...packets(), ...later(10, 2)] });
  expect(effect).toEqual({ type: "record", entries: later(10, 2) });
  expect(title(shown)).toContain("11 kept");
  expect(title(shown)).toContain("REC 11");
});

test("it follows the newest packet until one moves up; G and F follow again", () => {
  const shown = scene();
  expect(title(shown)).toContain("FOLLOW");
  expect(chosen(shown)).toContain("PINGRESP");
  shown.keys("k");
  expect(title(shown)).toContain("F follows");
  shown.act({ type: "trace", entries: later(10, 3) });
  expect(chosen(shown)).toContain("10:46:02.700");
  shown.keys("G");
  shown.act({ type: "trace", entries: later(13, 1) });
  expect(shown.draw(100, 24).text()).toContain("Packet 13 PINGREQ");
  shown.keys("k", "F");
  expect(shown.draw(100, 24).text()).toContain("Packet 13 PINGREQ");
});

test("the packets go round: a selection that has left moves to the oldest that is there", () => {
  const shown = scene();
  shown.keys("g");
  expect(chosen(shown)).toContain("CONNECT");
  shown.act({ type: "trace", entries: later(10, 1500) });
  expect(shown.draw(100, 24).text()).toContain("Packet 510 PINGREQ");
});

test("frozen packets stand still, and the newer ones are counted", () => {
  const shown = scene();
  shown.keys("z");
  const before = shown.draw(100, 24).lines().slice(2, 22);
  shown.act({ type: "trace", entries: later(10, 30) });
  expect(shown.draw(100, 24).lines().slice(2, 22)).toEqual(before);
  expect(shown.draw(100, 24).lines()[22]).toContain("30 newer packets held - z to resume");
  shown.keys("z");
  expect(shown.draw(100, 24).text()).toContain("Packet 39 PINGREQ");
});

test.each([
  ["PUB", ["PUBLISH", "PUBLISH", "PUBACK"]],
  ["!PING", ["CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK", "PUBLISH", "PUBLISH", "PUBACK"]],
  ["plant/#", ["PUBLISH", "PUBLISH"]],
  ["=not auth", ["SUBACK"]],
  ["nothing like it", []],
])("the filter %s", (filter, types) => {
  const shown = scene();
  shown.keys("/", ...[...filter].map((char) => (char === " " ? "space" : char)), "enter");
  const text = shown.draw(100, 24).lines().slice(3, 12).join("\n");
  expect(text.match(/[A-Z]{4,}(?= +(\d+|-) {2})/g) ?? []).toEqual(types);
  if (types.length === 0) expect(shown.draw(100, 24).text()).toContain("no packet matches the filter");
});

test("a packet names its answer; a refusal is marked", () => {
  const shown = scene();
  shown.keys("g", "j", "j");
  expect(shown.draw(100, 24).text()).toContain("answered after 1.2 ms by packet 4 SUBACK");
  shown.keys("j");
  const text = shown.draw(100, 24).text();
  expect(text).toMatch(/^! 10:46:02\.300/m);
  expect(text).toContain("answers after 1.2 ms packet 3 SUBSCRIBE pinbus/gh-01/out");
});

test("of a payload it shows what this terminal received itself, as text or hex, and says when it did not", () => {
  const shown = scene();
  shown.keys("g", "j", "j", "j", "j");
  expect(shown.draw(100, 30).text()).toMatch(/payload 20 bytes, as this terminal received it\n +{/);
  shown.keys("d");
  expect(shown.draw(100, 30).text()).toContain("0000 7b 22 74 22 3a 32 31 2e");
  shown.keys("j");
  expect(shown.draw(100, 24).text()).toContain("payload 2 bytes: this terminal has not received it");
  shown.now -= 5000;
  shown.message("plant/pump/state", "OFF");
  expect(shown.draw(100, 24).text(), "of another length").toContain("payload 2 bytes: this terminal has not received it");
  shown.message("plant/pump/state", "ON");
  expect(shown.draw(100, 24).text()).toContain("payload 2 bytes, as this terminal received it");
});

test("the bytes of the selected packet are asked for one at a time, and again before the agent forgets to keep them", () => {
  const shown = new Scene().attach();
  const asks = () => shown.effects.splice(0).flatMap((effect) => (effect.type === "packet-bytes" ? [effect.number] : []));
  shown.keys("6");
  expect(asks(), "before there is a packet, so that bytes are kept").toEqual([1]);
  shown.act({ type: "trace", entries: packets() });
  expect(asks(), "one question at a time").toEqual([]);
  shown.act({ type: "packet-bytes", number: 1, bytes: null });
  expect(asks()).toEqual([9]);
  shown.act({ type: "packet-bytes", number: 9, bytes: { number: 9, size: 2, hex: "d000" } });
  expect(asks()).toEqual([]);
  shown.keys("k", "j");
  expect(asks(), "what is known is not asked for again").toEqual([8]);
  shown.act({ type: "packet-bytes", number: 8, bytes: null });
  shown.pass(4000);
  expect(asks()).toEqual([]);
  shown.pass(1000);
  expect(asks()).toEqual([9]);
  shown.act({ type: "packet-bytes", number: 9, bytes: null });
  expect(shown.draw(100, 24).text(), "it was known before").toMatch(/2 bytes on the wire\n {2}0000 d0 00/);
  shown.keys("1");
  shown.pass(60_000);
  expect(asks(), "nobody looks").toEqual([]);
  shown.keys("6");
  expect(asks()).toEqual([9]);
  shown.pass(5000);
  expect(asks(), "an answer that never came").toEqual([9]);
});

test("bytes stand as hex with their text, and of what is left out it says how much and why", () => {
  const shown = scene();
  const bytes = (number: number, hex: string, size = hex.length / 2) =>
    shown.act({ type: "packet-bytes", number, bytes: { number, size, hex } });
  bytes(1, "102800044d51545405c2003c", 42);
  shown.keys("g");
  expect(shown.draw(100, 24).text()).toContain("the first 12 of 42 bytes on the wire; the rest may hold secrets and is not kept");
  expect(shown.draw(100, 24).text()).toMatch(/0000 10 28 00 04 4d 51 54 54 05 c2 00 3c +\.\(\.\.MQTT\.\.\.</);
  shown.keys("j", "j", "j", "j", "j");
  expect(shown.draw(100, 24).text()).toContain("asking the agent for its bytes");
  bytes(6, `3413000e${Buffer.from("plant/pump/sta").toString("hex")}1267004f4e`);
  expect(shown.draw(100, 24).text()).toMatch(/payload 2 bytes, from its bytes\n +ON/);
  shown.keys("k", "k");
  shown.act({ type: "packet-bytes", number: 4, bytes: null });
  expect(shown.draw(100, 24).text()).toContain("no bytes: the agent keeps those of packets since somebody looks here");
});

test("who may only look sees no bytes, and does not ask for them", () => {
  const shown = new Scene().attach({ operate: false });
  expect(shown.keys("6")).not.toContainEqual(expect.objectContaining({ type: "packet-bytes" }));
  shown.act({ type: "trace", entries: packets() });
  expect(shown.draw(100, 24).text()).toContain("no bytes: this control socket may only look");
});

test("what the outbox loses while somebody looks is a line with its reason", () => {
  const shown = scene();
  expect(shown.draw(100, 24).text()).toContain("10:46:02.000  2 events dropped: older than their time to live");
  const { values } = hostView();
  for (let n = 1; n <= 300; n += 1)
    shown.act({ type: "host", data: hostView({ values: { ...values, "outbox/telemetry/dropped/full": String(n) } }) });
  expect(shown.state.trace.losses.length).toBe(100);
});

test("x records from the packets that are here on, in every tab, until x", () => {
  const shown = scene();
  expect(shown.keys("x")).toEqual([{ type: "record-start" }]);
  const started = shown.act({ type: "recording", path: "/home/pi/packets.jsonl" });
  expect(started).toEqual([{ type: "record", entries: packets() }]);
  expect(shown.draw(100, 24).lines()[22]).toContain("packets are recorded to /home/pi/packets.jsonl; x ends it");
  shown.keys("1");
  expect(shown.act({ type: "trace", entries: later(10, 2) })).toEqual([
    { type: "record", entries: later(10, 2) },
    { type: "trace", after: 11, wait: 300 },
  ]);
  shown.keys("6");
  expect(title(shown)).toContain("REC 11");
  expect(shown.keys("x")).toEqual([{ type: "record-stop" }]);
  shown.act({ type: "recording", path: null });
  expect(title(shown)).not.toContain("REC");
});

test("without an agent it says which flag would give one", () => {
  const shown = new Scene({ agent: true });
  shown.keys("6");
  shown.act({ type: "agent-offline", problem: "no agent", absent: true });
  expect(shown.draw().text()).toContain("no agent here: --host user@pi");
});

test("on a wide screen a row has its payload as this terminal received it, in one line; what is not known is absent", () => {
  const shown = scene();
  const rows = () =>
    shown
      .draw(150, 44)
      .lines()
      .slice(2, 14)
      .map((line) => line.slice(0, 101).trimEnd());
  const row = (topic: string) => rows().find((line) => line.includes(topic)) ?? "";
  expect(rows()[0]).toMatch(/TOPIC \/ REASON +PAYLOAD/);
  expect(row("plant/room1/climate")).toMatch(/climate +\{"t":21\.0/);
  expect(row("plant/pump/state"), "not known").toMatch(/plant\/pump\/state$/);
  shown.now -= 5000;
  shown.message("plant/pump/state", "\u001b\n");
  shown.now += 6000;
  expect(row("plant/pump/state"), "looked for again").toMatch(/plant\/pump\/state +hex 1b0a/);
  expect(shown.draw(80, 24).text()).not.toContain("PAYLOAD");
});

test("the payload of a row comes from the bytes of the packet when this terminal did not receive it; a CONNECT has none", () => {
  const shown = scene();
  const bytes = (number: number, hex: string) => shown.act({ type: "packet-bytes", number, bytes: { number, size: hex.length / 2, hex } });
  bytes(6, `3413000e${Buffer.from("plant/pump/sta").toString("hex")}1267004f4e`);
  bytes(1, `10${Buffer.from("secret").toString("hex")}`);
  const lines = shown.draw(150, 44).lines();
  expect(lines.find((line) => line.includes("plant/pump/state"))).toMatch(/state +ON +│/);
  expect(lines.find((line) => line.includes("CONNECT "))?.slice(0, 101)).not.toContain("secret");
});

test("i injects a message on the simulated board, and says elsewhere why not", () => {
  const shown = scene();
  shown.keys("i", ..."plant/x", "space", ..."1");
  expect(shown.keys("enter")).toMatchObject([{ type: "play", step: { do: "message", topic: "plant/x", payload: "1" } }]);
  const { pins } = shown.state;
  if (pins.data !== null) pins.data.data = { ...pins.data.data, simulated: false };
  shown.keys("i");
  expect(shown.state.overlay).toBeNull();
  expect(shown.state.notice?.text).toContain("simulated board only");
});

test("what the outbox coalesced stands there when the agent tells it, and nothing of it when it does not", () => {
  const shown = scene();
  expect(shown.draw(150, 44).text()).toContain("states coalesced since the start: 45");
  const { "outbox/coalesced": _, ...values } = hostView().values;
  shown.act({ type: "host", data: hostView({ values }) });
  expect(shown.draw(150, 44).text()).not.toContain("coalesced");
});
