import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { SwitchWord, TimerKey } from "../../agent/core/model.ts";
import { planOf } from "../../agent/core/plan.ts";
import { carryOver } from "../../agent/core/reload.ts";
import { newState } from "../../agent/core/state.ts";
import { createPlugs } from "../../agent/plugs.ts";
import { type Carried, Dispatch } from "../../agent/shell/dispatch.ts";
import type { Publication } from "../../agent/shell/link.ts";
import { OwedStore } from "../../agent/shell/owed-store.ts";
import { configOf } from "../config/loading.ts";
import { keptLog, tempFolder } from "./shell/fixture.ts";

// The plugs of an agent over a reload and a restart, on a clock that this test turns.

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

const plain = "outputs: { a: { plug: a, max_on: 2m } }";
const without = "outputs: { lamp: { line: 17 } }";

const day = 86_400_000;
/** A clock that is set. */
const today = Date.UTC(2026, 10, 22);

function start(yaml: string, folder = tempFolder()) {
  const config = configOf(yaml);
  const plan = planOf(config);
  const dispatch = new Dispatch({ config, plan, state: newState(plan, () => 1) });
  const log = keptLog();
  const store = new OwedStore(folder, log).load();
  // Before its folder is removed: it would make it anew.
  onTestFinished(() => store.flushed());
  let killed = false;
  const sent: string[] = [];
  const timers = new Map<TimerKey, NodeJS.Timeout>();
  const hear = (topic: string, payload: string, retain = false) => plugs.take({ topic, payload: Buffer.from(payload), qos: 1, retain });
  // The plugs say at once that they took their PulseTime.
  const say = ({ topic, payload }: Publication) => {
    sent.push(`${topic} ${payload}`);
    if (topic.endsWith("/PulseTime")) hear(topic.replace(/^cmnd(.*)PulseTime/, "stat$1RESULT"), `{"PulseTime1":{"Set":${payload}}}`);
    return true;
  };
  const plugs = createPlugs({
    current: () => dispatch.current,
    observed: (event) => dispatch.observed(event),
    send: (event) => dispatch.dispatch(event),
    link: () => ({ publish: say }),
    // What a killed agent would have written does not come.
    store: {
      all: () => store.all(),
      of: (at) => store.of(at),
      note: (owed) => killed || store.note(owed),
      keep: (owed) => killed || store.keep(owed),
      done: (owed) => killed || store.done(owed),
    },
    clock: { now: () => Date.now(), wall: () => today + Date.now() },
    log,
  });
  dispatch.connect(
    (effect) => {
      if (effect.type === "setOutput") plugs.write(effect.output, effect.active, effect.request);
      else if (effect.type === "startTimer") {
        const due = () => dispatch.dispatch({ type: "timer-due", key: effect.key, at: effect.at });
        clearTimeout(timers.get(effect.key));
        timers.set(effect.key, setTimeout(due, effect.at - Date.now()));
      } else if (effect.type === "stopTimer") clearTimeout(timers.get(effect.key));
    },
    () => undefined,
  );
  plugs.start();
  return {
    plugs,
    folder,
    store,
    log,
    said: () => sent.splice(0),
    connect() {
      for (const publication of plugs.connected()) say(publication);
    },
    hear,
    command(word: SwitchWord) {
      dispatch.dispatch({ type: "control-received", output: 0, word, forMs: null, from: "cli", ticket: 1, at: Date.now() });
    },
    isOn: () => dispatch.state.outputs[0]?.written,
    /** The agent stops; what a plug is told then nobody answers. */
    async stop() {
      dispatch.dispatch({ type: "stop-requested", at: Date.now() });
      const stopped = plugs.stop();
      await vi.advanceTimersByTimeAsync(1500);
      await stopped;
      await store.flushed();
    },
    /** And without a word: what is on disk by then is all that is left. */
    async kill() {
      killed = true;
      await store.flushed();
    },
    reload(after: string) {
      const at = Date.now();
      const { plan: old, state } = dispatch.current;
      const outputs = [...old.outputs.keys()];
      dispatch.dispatch({ type: "outputs-leaving", outputs, released: outputs, at });
      const next = planOf(configOf(after));
      const kept = { kept: () => ({ locked: false, level: false }), enabled: () => undefined, sum: () => undefined };
      const totals = { total: () => undefined } as never;
      const carried = carryOver({ old, state, next, anew: new Set(), firstSeq: () => 1, kept, totals, at });
      dispatch.replace({ config: configOf(after), plan: next, state: carried.state }, carried.effects, {} as Carried);
      plugs.leave();
      plugs.apply();
    },
  };
}

const topics = (world: ReturnType<typeof start>) => world.plugs.listensTo().map(({ topic }) => topic);

describe("a plug that a reload has removed while it was not heard", () => {
  it("is switched off when it is heard, and not listened to any more then", () => {
    const world = start(plain);
    world.reload(without);
    expect(topics(world)).toEqual(["tele/a/LWT", "stat/a/RESULT", "stat/a/POWER", "stat/a/POWER1"]);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
    vi.advanceTimersByTime(5000);
    world.hear("tele/a/LWT", "Online");
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
    // At its power-on, in front of what it was told.
    world.hear("stat/a/POWER", "ON");
    vi.advanceTimersByTime(5000);
    expect(world.said().length).toBeGreaterThan(0);
    world.hear("stat/a/POWER", "OFF", true);
    expect(topics(world)).not.toEqual([]);
    world.hear("stat/a/RESULT", '{"POWER":"OFF"}');
    expect([topics(world), world.store.all()]).toEqual([[], []]);
    vi.advanceTimersByTime(600_000);
    expect(world.said()).toEqual([]);
  });

  it("is so after a restart, too", async () => {
    const before = start(plain);
    before.reload(without);
    await before.store.flushed();
    const world = start(without, before.folder);
    expect(world.log.entries).toEqual([
      "warn: the plug of a, which is no longer configured, was not heard yet: it is switched off as soon as it is heard. " +
        "If it is gone for good, nothing is to be done: from 2026-12-22 on it is only listened for",
    ]);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
  });

  it.each([
    ["the same", plain],
    ["another", "outputs: { b: { plug: { topic: a, relay: 1 }, max_on: 2m, on_start: keep } }"],
  ])("is off first when it is %s output again, whatever that says", (_, again) => {
    const world = start(plain);
    world.reload(without);
    world.reload(again.replace("max_on: 2m }", "max_on: 2m, on_start: keep }"));
    expect(topics(world)).toEqual([]);
    world.connect();
    expect(world.said()).toEqual([expect.stringMatching(/^cmnd\/a\/POWER1? OFF$/)]);
    expect(world.store.all()).not.toEqual([]);
    world.hear("stat/a/POWER", "OFF");
    expect(world.store.all()).toEqual([]);
  });

  it("is told so less and less often when it comes and goes all the time", () => {
    const world = start(plain);
    world.reload(without);
    world.connect();
    world.said();
    for (let n = 0; n < 300; n++) {
      vi.advanceTimersByTime(100);
      world.hear("tele/a/LWT", n % 2 === 0 ? "Offline" : "Online");
    }
    expect(world.said().length).toBeLessThan(8);
  });

  it("is told nothing more once the agent has stopped, whatever it says", async () => {
    const world = start(plain);
    world.reload(without);
    world.connect();
    await world.plugs.stop();
    world.said();
    world.hear("stat/a/POWER", "ON");
    vi.advanceTimersByTime(600_000);
    expect([world.said(), vi.getTimerCount()]).toEqual([[], 0]);
    expect(world.store.all()).not.toEqual([]);
  });

  it("is told nothing more after 30 days without a sign of it, nor is anybody told of it, until it gives one", async () => {
    const before = start(plain);
    before.reload(without);
    before.connect();
    vi.advanceTimersByTime(30 * day + 60_000);
    before.said();
    vi.advanceTimersByTime(2 * day);
    expect(before.said()).toEqual([]);
    await before.kill();
    const world = start(without, before.folder);
    expect(world.log.entries).toEqual([]);
    world.connect();
    expect(world.said()).toEqual([]);
    // The broker has that of one that is gone, too: it is told once, in case.
    world.hear("tele/a/LWT", "Online", true);
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
    vi.advanceTimersByTime(day);
    expect(world.said()).toEqual([]);
    world.hear("tele/a/LWT", "Online");
    vi.advanceTimersByTime(60_000);
    expect(world.said().length).toBeGreaterThan(10);
    world.hear("stat/a/POWER", "OFF");
    expect(world.store.all()).toEqual([]);
  });

  it("is looked for a month from its last sign of life on", async () => {
    const before = start(plain);
    before.reload(without);
    before.connect();
    vi.advanceTimersByTime(20 * day);
    before.hear("stat/a/POWER", "ON");
    before.hear("tele/a/LWT", "Offline");
    vi.advanceTimersByTime(20 * day);
    before.said();
    vi.advanceTimersByTime(60_000);
    expect(before.said()).toEqual(["cmnd/a/POWER OFF"]);
    await before.kill();
    expect(start(without, before.folder).log.entries.join()).toContain("from 2027-01-11 on");
  });

  it("is left as it is when its exit state says so", () => {
    const world = start("outputs: { a: { plug: a, max_on: 2m, on_exit: keep } }");
    world.reload(without);
    expect(topics(world)).toEqual([]);
  });
});

it("tells a plug OFF again that was removed on, and did not answer", () => {
  const world = start(plain);
  world.connect();
  world.hear("stat/a/POWER", "OFF");
  world.hear("stat/a/POWER", "ON");
  world.said();
  world.reload(without);
  expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
  vi.advanceTimersByTime(5000);
  expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
  world.hear("stat/a/POWER", "OFF");
  vi.advanceTimersByTime(60_000);
  expect(world.said()).toEqual([]);
});

describe("a plug that has not answered an OFF when the agent ends", () => {
  const yaml = (start: string, more = "") => `outputs: { a: { plug: a, max_on: 2m, on_start: ${start}${more} } }`;
  /** On, and then no answer comes any more. */
  function lit(start: string) {
    const world = begun(yaml(start));
    world.hear("stat/a/POWER", "ON");
    world.said();
    return world;
  }
  function begun(text: string) {
    const world = start(text);
    world.connect();
    world.hear("stat/a/POWER", "OFF");
    return world;
  }

  it.each(["off", "on", "keep", "last"])("is told OFF after a crash until it says so, with on_start: %s", async (word) => {
    const before = lit(word);
    before.command("OFF");
    vi.advanceTimersByTime(1000);
    await before.kill();
    const world = start(yaml(word), before.folder);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
    vi.advanceTimersByTime(60_000);
    expect(new Set(world.said())).toEqual(new Set(["cmnd/a/POWER OFF"]));
    // It is not known what this belongs to, so it is told once more.
    world.hear("stat/a/POWER", "OFF");
    world.hear("stat/a/POWER", "OFF");
    world.said();
    vi.advanceTimersByTime(60_000);
    expect([world.said(), world.isOn(), world.store.all()]).toEqual([[], false, []]);
  });

  it.each(["on", "keep", "last"])("is told OFF after a crash in the moment of the OFF, with on_start: %s", (word) => {
    const before = lit(word);
    before.command("OFF");
    const world = start(yaml(word), before.folder);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
    world.hear("stat/a/POWER", "OFF");
    expect([world.isOn(), start(yaml(word), before.folder).store.all()]).toEqual([false, []]);
  });

  it("is so when the OFF came while it was not heard, and over more than one restart", async () => {
    const before = lit("keep");
    before.hear("tele/a/LWT", "Offline");
    before.command("OFF");
    await before.stop();
    const between = start(yaml("keep"), before.folder);
    between.connect();
    await between.kill();
    const world = start(yaml("keep"), before.folder);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
  });

  it("is so after the end of a pulse that fell into the gap", async () => {
    const before = begun(yaml("keep"));
    before.command("PULSE");
    before.hear("stat/a/POWER", "ON");
    before.plugs.disconnected();
    vi.advanceTimersByTime(1000);
    await before.kill();
    const world = start(yaml("keep"), before.folder);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
  });

  it("goes on behind that OFF when somebody wants it on", async () => {
    const before = lit("keep");
    before.command("OFF");
    await before.stop();
    const world = start(yaml("keep"), before.folder);
    world.connect();
    world.command("ON");
    world.hear("stat/a/POWER", "OFF");
    expect(world.said()).toEqual(["cmnd/a/POWER OFF", "cmnd/a/PulseTime 220", "cmnd/a/POWER ON"]);
    world.hear("stat/a/POWER", "ON");
    expect([world.isOn(), world.store.all()]).toEqual([true, []]);
  });

  it.each([
    ["off", ["cmnd/a/POWER OFF"]],
    ["keep", ["cmnd/a/POWER OFF"]],
    ["on", ["cmnd/a/PulseTime 220", "cmnd/a/POWER ON"]],
  ])("was to be off only because the agent stopped: a start with on_start: %s says what it is to be", async (word, said) => {
    const before = lit(word);
    await before.stop();
    const world = start(yaml(word), before.folder);
    world.connect();
    expect(world.said()).toEqual(said);
  });

  it("is left on when its exit state says so", async () => {
    const before = start(yaml("keep", ", on_exit: keep"));
    before.connect();
    before.hear("stat/a/POWER", "ON");
    await before.stop();
    const world = start(yaml("keep"), before.folder);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER "]);
  });

  it("is told OFF although nobody has configured it any more at the start", async () => {
    const before = lit("keep");
    before.hear("tele/a/LWT", "Offline");
    await before.stop();
    const world = start(without, before.folder);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
  });

  it("writes nothing for one that answers in time", () => {
    const world = lit("off");
    for (let n = 0; n < 10; n++) {
      world.command(n % 2 === 0 ? "OFF" : "ON");
      vi.advanceTimersByTime(100);
      world.hear("stat/a/POWER", n % 2 === 0 ? "OFF" : "ON");
      vi.advanceTimersByTime(5000);
    }
    expect(readdirSync(world.folder)).toEqual([]);
  });
});

describe("a storm of ONs and OFFs", () => {
  const yaml = "outputs: { a: { plug: a, max_on: 2m, on_start: keep } }";
  /** A plug that hears each third word, and answers it. */
  function storm(world: ReturnType<typeof start>, end: (world: ReturnType<typeof start>) => void): boolean {
    let [on, count] = [false, 0];
    const deliver = () => {
      for (const line of world.said()) {
        const [topic = "", word = ""] = line.split(" ");
        if (!topic.endsWith("/POWER") || count++ % 3 !== 0) continue;
        if (word !== "") on = word === "ON";
        world.hear("stat/a/POWER", on ? "ON" : "OFF");
      }
    };
    world.connect();
    deliver();
    for (let n = 0; n < 40; n++) {
      world.command(n % 2 === 0 ? "ON" : "OFF");
      if (n % 7 === 0) world.hear("tele/a/LWT", n % 2 === 0 ? "Offline" : "Online");
      if (n === 20) end(world);
      vi.advanceTimersByTime(370);
      deliver();
    }
    for (let n = 0; n < 100; n++) {
      vi.advanceTimersByTime(1000);
      deliver();
    }
    return on;
  }

  it.each([
    ["that ends with OFF", () => undefined],
    ["during which the plug is removed", (world: ReturnType<typeof start>) => world.reload(without)],
    [
      "during which it is removed and comes back",
      (world: ReturnType<typeof start>) => {
        world.reload(without);
        world.reload(yaml);
      },
    ],
  ])("%s leaves the plug off", (_, end) => {
    expect(storm(start(yaml), end)).toBe(false);
  });

  it("in which the agent stops leaves the plug off, at the latest with the next start", async () => {
    const before = start(yaml);
    before.connect();
    before.hear("stat/a/POWER", "OFF");
    for (let n = 0; n < 21; n++) before.command(n % 2 === 0 ? "ON" : "OFF");
    before.hear("stat/a/POWER", "ON");
    await before.stop();
    expect(before.said().at(-1)).toBe("cmnd/a/POWER OFF");
    const world = start(yaml, before.folder);
    world.connect();
    expect(world.said()).toEqual(["cmnd/a/POWER OFF"]);
  });
});
