import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { DialogueLog } from "../../../agent/embedded/dialogue-log.ts";
import { parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { describeMosquitto, mosquittoUsers, silentLog, startEmbedded, startMosquitto, type TestBroker } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { listenWith } from "./listening.ts";
import { packet } from "./packets.ts";
import { connectPacket, openWire, publishPacket, subscribePacket, unsubscribePacket } from "./wire.ts";

const everything = { connections: true, subscribes: true, topics: true };
const goodbye = [0xe0, 0];
/** CONNACK, SUBACK and UNSUBACK. */
const answers = new Map([
  [0x10, 0x20],
  [0x82, 0x90],
  [0xa2, 0xb0],
]);

/** What both brokers are asked; each one is over before the next. */
async function talk(port: number): Promise<void> {
  const dialogues = [
    [connectPacket({ id: "polite", username: "test", password: "test", keepalive: 7 }), goodbye],
    [connectPacket({ id: "old", name: "MQIsdp", level: 3, clean: false }), goodbye],
    [connectPacket({ id: "wrong", username: "test", password: "guessed" })],
    [connectPacket({ id: "nobody", username: "nobody", password: "x" })],
    [[0xc0, 0]],
    [connectPacket({ id: "strays" }), publishPacket("a/#", "x")],
    [connectPacket({ id: "breaks" }), packet(0x36, "\0\x01a\0\x01x")],
    [
      connectPacket({ id: "listens" }),
      subscribePacket([
        ["a/b", 1],
        ["#", 0],
      ]),
      unsubscribePacket(["a/b"]),
      goodbye,
    ],
  ];
  for (const dialogue of dialogues) {
    const wire = await openWire(port);
    for (const part of dialogue) {
      wire.send(part);
      const answer = answers.get(part[0] ?? 0);
      if (answer !== undefined) await wire.next(answer);
    }
    await wire.over;
  }
  const first = await openWire(port);
  first.send(connectPacket({ id: "twice" }));
  await first.next(0x20);
  const second = await openWire(port);
  second.send(connectPacket({ id: "twice" }));
  await first.over;
  await second.next(0x20);
  second.cut();
}

async function sentences(broker: TestBroker): Promise<string[]> {
  onTestFinished(() => broker.stop());
  const lines = await listenWith(broker.port, "$SYS/broker/log/#", /M\/subscribe \d+: watcher/);
  await talk(broker.port);
  await vi.waitFor(() => expect(lines.some((line) => line.endsWith("Client twice closed its connection."))).toBe(true), patience);
  return lines
    .filter((line) => !/ watcher /.test(line))
    .map((line) =>
      line
        .replace(/(?<=log\/\S+ )\d{10}:/, "<time>:")
        .replace(/:\d{4,5}(?= (on|as))/, ":<port>")
        .replace(`port ${broker.port}`, "port <own>"),
    );
}

describeMosquitto("what the built-in broker tells of its clients, beside mosquitto", () => {
  it("is the same, sentence for sentence, for the same dialogues (brokers 4)", async () => {
    const users = mosquittoUsers({ test: "test" });
    // It runs with -v: every type of message, errors and information too.
    const config = ["allow_anonymous true", "password_file {dir}/passwd", "log_dest topic", "log_dest stderr"];
    const theirs = await sentences(await startMosquitto({ ...users, config }));
    const access = new Access({ anonymous: true, users: parsePasswordFile(await passwordLine("test", "test")).users });
    const infos: string[] = [];
    const log = { ...silentLog, info: (message: string) => void infos.push(message) };
    const ours = await sentences(await startEmbedded(0, { access, dialogue: everything, log }));
    expect(ours.filter((line) => !line.includes("/log/W "))).toEqual(theirs.filter((line) => !line.includes("/log/I ")));
    expect(ours.some((line) => line.includes('/log/W <time>: broker: refused user "test": not authorised'))).toBe(true);
    expect(infos).toContain("broker: Client polite disconnected.");
    expect(infos).toContain("broker: subscribe: listens 1 a/b");
  });
});

describe("what the built-in broker tells of its clients", () => {
  it("puts out no control character of a client, and no long name", () => {
    const infos: string[] = [];
    const published: string[] = [];
    const log = new DialogueLog({
      settings: everything,
      info: (message) => infos.push(message),
      publish: (_topic, payload) => published.push(payload),
      now: () => 0,
    });
    log.subscribed({ id: "a\u001b[2J" }, `b\n${"x".repeat(5_000)}`, 1);
    log.joined({ id: "a\u202e" }, "127.0.0.1:1", { version: 4, clean: true, keepalive: 0, username: "u\r\n" });
    expect(infos[0]).toBe(`broker: subscribe: a\ufffd[2J 1 b\ufffd${"x".repeat(126)}…`);
    expect(infos[1]).toBe("broker: New client connected from 127.0.0.1:1 as a\ufffd (p2, c1, k0, u'u\ufffd\ufffd').");
    expect(published.map((line) => line.replace(/^\d+: /, "broker: "))).toEqual([infos[0]?.replace("subscribe: ", ""), infos[1]]);
  });

  it("is bounded, and says how much was left out", () => {
    const infos: string[] = [];
    let at = 0;
    const log = new DialogueLog({ settings: everything, info: (message) => infos.push(message), publish: () => undefined, now: () => at });
    for (let count = 0; count < 1_000; count++) log.came("10.0.0.1:1", 1883);
    expect(infos).toHaveLength(200);
    at = 1_000;
    log.came("10.0.0.1:1", 1883);
    expect(infos.slice(200)).toEqual([
      "broker: 800 sentences about clients were left out",
      "broker: New connection from 10.0.0.1:1 on port 1883.",
    ]);
  });

  it("is nothing unless it is asked for, and can be changed while it runs", () => {
    const infos: string[] = [];
    const nothing = { connections: false, subscribes: false, topics: false };
    const log = new DialogueLog({
      settings: nothing,
      info: (message) => infos.push(message),
      publish: (topic) => infos.push(topic),
      now: () => 0,
    });
    const all = () => {
      log.came("10.0.0.1:1", 1883);
      log.subscribed({ id: "a" }, "b", 0);
    };
    all();
    expect(infos).toEqual([]);
    log.settings = { ...nothing, subscribes: true };
    all();
    expect(infos).toEqual(["broker: subscribe: a 0 b"]);
  });
});
