import { describe, expect, it, onTestFinished } from "vitest";
import type { AgentEvent } from "../../agent/core/model.ts";
import { planOf } from "../../agent/core/plan.ts";
import { reduce } from "../../agent/core/reduce.ts";
import { carryOver } from "../../agent/core/reload.ts";
import { createHomie } from "../../agent/profile/homie.ts";
import type { Profile, ProfileEffect, ProfileEvent, Write } from "../../agent/profile/profile.ts";
import { createProfiles } from "../../agent/profiles.ts";
import type { Current } from "../../agent/shell/current.ts";
import type { Carried } from "../../agent/shell/dispatch.ts";
import type { Link, Publication, Settled } from "../../agent/shell/link.ts";
import { ProfileStore } from "../../agent/shell/profile-store.ts";
import { configOf } from "./core/fixture.ts";
import { World } from "./core/world.ts";
import { eventually, keptLog, tempFolder } from "./shell/fixture.ts";

const config = configOf({ outputs: { lamp: {} } });
const answered = { responseTopic: null, correlationData: null };

/** One profile that wants what `answers` says, and the world that does it. */
function performing(
  answers: (event: ProfileEvent) => readonly ProfileEffect[],
  folder = tempFolder(),
  wrote: (write: Write) => void = () => {},
) {
  const { plan, state } = new World(config);
  const seen: ProfileEvent[] = [];
  const sent: { publication: Publication; settled: Settled | undefined }[] = [];
  const events: AgentEvent[] = [];
  const done: string[] = [];
  const profile: Profile = {
    topics: () => [{ topic: "hub/status", retained: false }],
    watches: () => ["pinbus/garage/out/lamp/state"],
    written(_world, write) {
      wrote(write);
      return [];
    },
    step(_world, event) {
      seen.push(event);
      return answers(event);
    },
  };
  const store = storeIn(folder);
  const profiles = createProfiles({
    profiles: { hub: profile },
    current: () => ({ config, plan, state }),
    send: (event) => events.push(event),
    readClock: () => done.push("readClock"),
    link: () => ({ publish: (publication: Publication, settled?: Settled) => sent.push({ publication, settled }) > 0 }) as unknown as Link,
    tellAll: () => done.push("tellAll"),
    clear: (topic) => done.push(`clear ${topic}`),
    store,
    clock: { now: () => performance.now(), wall: () => Date.now() },
    log: keptLog(),
  });
  const heard = (topic: string) => profiles.take({ topic, payload: Buffer.from("online"), retain: false, qos: 1 });
  return { profiles, seen, sent, events, done, store, folder, heard, plan, state };
}
/** On disk before its folder is removed: it would make it anew. */
function storeIn(folder: string): ProfileStore {
  const store = new ProfileStore(folder, keptLog()).load();
  onTestFinished(() => store.flushed());
  return store;
}

const publication = { topic: "hub/config", payload: "{}", qos: 1, retain: true } as const;

describe("what a profile is told", () => {
  it("is what comes on its topics, and nothing else", () => {
    const { heard, seen, profiles } = performing(() => []);
    expect([heard("hub/status"), heard("hub/other")]).toEqual([true, false]);
    expect(seen).toMatchObject([{ type: "heard", message: { topic: "hub/status", payload: "online", retain: false } }]);
    expect(profiles.listensTo()).toEqual([{ topic: "hub/status", retained: false }]);
  });

  it("is that a topic which it watches was published", () => {
    const { profiles, seen, plan, state } = performing(() => []);
    const turned = (topic: string) =>
      profiles.witness.turned({ config, plan, state }, { type: "totals-wanted", at: 7 }, [
        { type: "publish", kind: "state", topic, payload: "ON", qos: 1, retain: true },
      ]);
    turned("pinbus/garage/out/other/state");
    turned("pinbus/garage/out/lamp/state");
    expect(seen).toMatchObject([{ type: "told", said: [{ topic: "pinbus/garage/out/lamp/state", payload: "ON" }], at: 7 }]);
  });

  it("is what a reload itself publishes, and what follows it at once, behind the change", () => {
    const { profiles, seen, plan, state } = performing(() => []);
    const effect = (payload: string) =>
      ({ type: "publish", kind: "state", topic: "pinbus/garage/out/lamp/state", payload, qos: 1, retain: true }) as const;
    const now = { config, plan, state };
    profiles.witness.replaced?.(now, { at: 7 } as Carried, [effect("UNKNOWN"), { type: "stopTimer", key: "pulse:lamp" }]);
    profiles.witness.turned(now, { type: "totals-wanted", at: 8 }, [effect("OFF")]);
    expect(seen).toEqual([]);
    profiles.changed();
    profiles.changed();
    const topic = "pinbus/garage/out/lamp/state";
    expect(seen).toMatchObject([
      { type: "changed" },
      { type: "told", said: [{ topic, payload: "UNKNOWN" }], at: 7 },
      { type: "told", said: [{ topic, payload: "OFF" }], at: 8 },
      { type: "changed" },
    ]);
  });

  it("homie: a sensor that begins anew with a reload has no value there until its next reading", () => {
    const told = (topic: string) => configOf({ sensors: { tent: { driver: "topic", topic, path: null } } });
    const [before, after] = [told("a"), told("b")];
    const { plan, state } = new World(before);
    let now: Current = { config: before, plan, state };
    const said: string[] = [];
    const publish = ({ topic, payload }: Publication) => said.push(`${topic} ${payload}`) > 0;
    const quantities = () => [{ name: "level", unit: "%" }];
    const profiles = createProfiles({
      profiles: { homie: createHomie({ base: "homie/5/x", quantities, announced: new Map() }) },
      current: () => now,
      send: () => {},
      readClock: () => {},
      link: () => ({ publish }) as unknown as Link,
      tellAll: () => said.push("everything"),
      clear: () => {},
      store: storeIn(tempFolder()),
      clock: { now: () => 7, wall: () => 7 },
      log: keptLog(),
    });
    const turn = (event: AgentEvent) => profiles.witness.turned(now, event, reduce(now.plan, now.state, event));
    profiles.announcement();
    turn({ type: "sensor-read", sensor: 0, values: [{ name: "level", value: 40, unit: "%" }], at: 6 });
    expect(said.at(-1)).toBe("homie/5/x/$alert/sensor-tent ");
    expect(said).toContain("homie/5/x/sensor-tent/level 40");
    const kept = { kept: () => ({ locked: false, level: false }), enabled: () => undefined, sum: () => undefined };
    const carry = { anew: new Set<string>(), kept, totals: { total: () => undefined } as never, at: 7 };
    const next = planOf(after);
    const carried = carryOver({ ...carry, old: plan, state, next, firstSeq: () => 1 });
    now = { config: after, plan: next, state: carried.state };
    said.length = 0;
    profiles.witness.replaced?.(now, { ...carry, firstSeq: new Map() }, carried.effects);
    profiles.changed();
    expect(said).toEqual(["homie/5/x/$alert/sensor-tent unknown", "homie/5/x/sensor-tent/level "]);
  });

  it("is that a plug was switched where it is", () => {
    const writes: unknown[] = [];
    const { profiles, plan, state } = performing(
      () => [],
      tempFolder(),
      ({ output, active, cause }) => writes.push([output, active, cause.kind]),
    );
    Object.assign(state.outputs[0] ?? {}, { cause: { kind: "plug", text: "plug", detail: "switched there" } });
    profiles.witness.turned({ config, plan, state }, { type: "plug-moved", output: 0, active: true, at: 7 }, []);
    expect(writes).toEqual([["lamp", true, "plug"]]);
  });

  it("is that the broker has taken what is confirmed, not that it has refused it", () => {
    const { profiles, seen } = performing((event) => (event.type === "birth" ? [{ type: "publish", publication, confirm: true }] : []));
    const [told] = profiles.announcement();
    told?.settled?.(new Error("not authorized"));
    expect(seen.filter(({ type }) => type === "delivered")).toEqual([]);
    told?.settled?.(undefined);
    expect(seen.at(-1)).toEqual({ type: "delivered", topic: "hub/config", payload: "{}" });
  });
});

describe("what a profile is to tell once more", () => {
  it("is asked for while there is a broker, and not before or after: it would take itself for connected", () => {
    const { profiles, seen, sent } = performing((event) => (event.type === "birth" ? [{ type: "publish", publication }] : []));
    const births = () => seen.filter(({ type }) => type === "birth").length;
    profiles.tellAgain();
    expect([births(), sent.length]).toEqual([0, 0]);
    profiles.announcement();
    profiles.tellAgain();
    expect([births(), sent.length]).toEqual([2, 1]);
    profiles.offline();
    profiles.tellAgain();
    expect([births(), sent.length]).toEqual([2, 1]);
  });
});

describe("what a profile wants", () => {
  it.each<[string, ProfileEffect, unknown]>([
    ["a state", { type: "publish", publication }, { sent: [{ kind: "state", ...publication }] }],
    ["an answer", { type: "publish", publication: { ...publication, retain: false } }, { sent: [{ kind: "answer", retain: false }] }],
    ["an empty topic", { type: "clear", topic: "a/b" }, { done: ["clear a/b"] }],
    ["everything again", { type: "tellAll" }, { done: ["tellAll"] }],
    [
      "a command, judged by the clock as it is now",
      { type: "command", output: "lamp", message: { payload: "ON", retain: true, ...answered } },
      { done: ["readClock"], events: [{ type: "command-received", output: 0, payload: "ON", retain: true }] },
    ],
    ["a command to nothing", { type: "command", output: "fan", message: { payload: "ON", retain: false, ...answered } }, { events: [] }],
  ])("is done: %s", (_, effect, expected) => {
    const { heard, sent, done, events } = performing((event) => (event.type === "heard" ? [effect] : []));
    heard("hub/status");
    expect({ sent: sent.map((one) => one.publication), done, events }).toMatchObject(expected as object);
  });

  it("goes out before the states when a broker is told everything", () => {
    const { profiles, sent, done } = performing(() => [
      { type: "publish", publication },
      { type: "clear", topic: "x" },
    ]);
    expect(profiles.announcement()).toEqual([{ kind: "state", ...publication }]);
    expect([sent, done]).toEqual([[], ["clear x"]]);
  });

  it("comes when its time has come, unless it was stopped", async () => {
    const at = performance.now() + 5;
    const { heard, seen, profiles } = performing((event) =>
      event.type === "heard"
        ? [
            { type: "startTimer", key: "soon", at },
            { type: "startTimer", key: "never", at },
            { type: "stopTimer", key: "never" },
          ]
        : [],
    );
    heard("hub/status");
    await eventually(() => seen.slice(1)).toEqual([{ type: "timer-due", key: "soon", at }]);
    profiles.stop();
  });

  it("is remembered over a restart, until it is forgotten", async () => {
    const first = performing(() => [
      { type: "keep", id: "a", value: { lamp: "switch" } },
      { type: "keep", id: "b", value: {} },
      { type: "keep", id: "b", value: null },
    ]);
    first.heard("hub/status");
    await first.store.flushed();
    expect(performing(() => [], first.folder).store.of("hub")).toEqual(new Map([["a", { lamp: "switch" }]]));
  });
});
