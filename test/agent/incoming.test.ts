import { describe, expect, it } from "vitest";
import type { AgentEvent } from "../../agent/core/model.ts";
import { planOf } from "../../agent/core/plan.ts";
import { createReceiver, listenedTopics } from "../../agent/incoming.ts";
import type { Config } from "../../config/schema.ts";
import { configOf, rule } from "./core/fixture.ts";
import { World } from "./core/world.ts";
import { boxOf } from "./profile/stage.ts";
import { keptLog } from "./shell/fixture.ts";

const config = configOf({
  outputs: { lamp: {} },
  peers: { plug: { topic: "plug/LWT", online: "Online", offline: "Offline" } },
  rules: {
    a: rule(
      [{ topic: "plug/LWT", payload: "Offline" }, { topic: "hall/call" }],
      [{ output: "lamp", pattern: [1000], until: [{ topic: "hall/reset" }, { topic: "hall/call", payload: "stop" }] }],
    ),
  },
});

function receiver(of = config) {
  const { plan, state } = new World(of);
  const events: AgentEvent[] = [];
  const log = keptLog();
  const receive = createReceiver({
    current: () => ({ config: of, plan, state }),
    send: (event) => events.push(event),
    readClock: () => {},
    nodeCommand: () => {},
    profile: () => false,
    plug: () => false,
    value: () => false,
    clock: { now: () => 7, wall: () => 0 },
    log,
  });
  return {
    events,
    log,
    say: (topic: string, payload: string | Buffer, retain = false) => receive({ topic, payload: Buffer.from(payload), retain, qos: 1 }),
  };
}

describe("what others say", () => {
  it("is listened to once for each topic, and only of a peer what is retained", () => {
    expect(listenedTopics(planOf(config), [])).toEqual([
      { topic: "plug/LWT", retained: true },
      { topic: "hall/call", retained: false },
      { topic: "hall/reset", retained: false },
    ]);
  });

  it("is listened to once where a sensor's filter takes in a topic of a rule or of another sensor", () => {
    const told = (topic: string, retained: "use" | null = null) => ({ driver: "topic", topic, path: null, retained }) as const;
    const sensors = {
      one: told("plug/LWT"),
      wide: told("hall/+"),
      wider: told("hall/#"),
      kept: told("hall/x", "use"),
      apart: told("tele/+/S"),
    };
    expect(listenedTopics(planOf({ ...config, sensors: configOf({ sensors }).sensors }), [])).toEqual([
      { topic: "plug/LWT", retained: true },
      { topic: "hall/#", retained: true },
      { topic: "tele/+/S", retained: false },
    ]);
  });

  it("must be heard where a sensor's filter takes in a topic of commands", () => {
    const sensors = { one: { driver: "topic", topic: "hub/+", path: null, retained: null } } as const;
    const commands = { topic: "hub/set", retained: false, commands: true } as const;
    expect(listenedTopics(planOf(configOf({ sensors })), [commands])).toEqual([{ ...commands, topic: "hub/+" }]);
  });

  const box = (section: string) => boxOf(`{ ${section} timekeeper: { start: start }, down: { light: light } }`);

  it("owlcms 3: is asked for by the platform of a box, and of all while it has none; no topic comes through two filters", () => {
    const topics = (of: Config) => listenedTopics(planOf(of), []).map(({ topic }) => topic);
    expect(topics(box("platform: A,"))).toEqual(["owlcms/fop/down/A", "owlcms/fop/startup/+", "owlcms/fop/config"]);
    expect(topics(box(""))).toEqual(["owlcms/fop/down/+", "owlcms/fop/startup/+", "owlcms/fop/config"]);
    const own = { rule: rule([{ topic: "owlcms/fop/down/A" }], [{ output: "light", set: "off" }]) };
    expect(topics({ ...box(""), rules: own })).toEqual(["owlcms/fop/down/+", "owlcms/fop/startup/+", "owlcms/fop/config"]);
  });

  it("owlcms 1.1: counts for a box while it is live, never when it is retained", () => {
    const { events, say } = receiver(box(""));
    for (const retained of [true, false]) for (const topic of ["owlcms/fop/config", "owlcms/fop/down/A"]) say(topic, "", retained);
    expect(events).toEqual([
      { type: "message-received", topic: "owlcms/fop/config", payload: "", at: 7 },
      { type: "message-received", topic: "owlcms/fop/down/A", payload: "", at: 7 },
    ]);
  });

  it("is an event for rules while it is live, and for peers always", () => {
    const { events, say, log } = receiver();
    say("plug/LWT", "Offline", true);
    say("hall/reset", "x", true);
    expect(events).toEqual([{ type: "peer-changed", peer: 0, online: false, at: 7 }]);
    events.length = 0;
    say("plug/LWT", "Offline");
    say("hall/reset", "");
    say("hall/other", "x");
    expect(events).toEqual([
      { type: "peer-changed", peer: 0, online: false, at: 7 },
      { type: "message-received", topic: "plug/LWT", payload: "Offline", at: 7 },
      { type: "message-received", topic: "hall/reset", payload: "", at: 7 },
    ]);
    expect(log.entries).toEqual([]);
  });

  it("is a sign of life of a peer while it is live, whatever it is", () => {
    const watched = configOf({ peers: { plug: { topic: "plug/LWT", stale_after: 60_000, heard: "plug/STATE" } } });
    expect(listenedTopics(planOf(watched), [])).toEqual([
      { topic: "plug/LWT", retained: true },
      { topic: "plug/STATE", retained: false },
    ]);
    const { events, say, log } = receiver(watched);
    say("plug/STATE", "{}", true);
    say("plug/LWT", "Online", true);
    say("plug/STATE", Buffer.from([0xff]));
    expect(events).toEqual([
      { type: "peer-changed", peer: 0, online: true, at: 7 },
      { type: "peer-heard", peer: 0, at: 7 },
    ]);
    expect(log.entries).toEqual([]);
  });

  it("is cut when it is long, and read as text whatever bytes it is", () => {
    const { events, say } = receiver();
    say("hall/call", "x".repeat(200_000));
    say("hall/call", Buffer.from([0xff, 0x00, 0xc3]));
    expect(events.map((event) => ("payload" in event ? event.payload : ""))).toEqual(["x".repeat(4096), "\ufffd\u0000\ufffd"]);
  });
});
