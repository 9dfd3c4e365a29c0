import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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

function start(yaml: string, folder = tempFolder()) {
  const config = configOf(yaml);
  const plan = planOf(config);
  const dispatch = new Dispatch({ config, plan, state: newState(plan, () => 1) });
  const log = keptLog();
  const store = new OwedStore(folder, log).load();
  const sent: string[] = [];
  const say = ({ topic, payload }: Publication) => sent.push(`${topic} ${payload}`) > 0;
  const plugs = createPlugs({
    current: () => dispatch.current,
    observed: (event) => dispatch.observed(event),
    send: (event) => dispatch.dispatch(event),
    link: () => ({ publish: say }),
    store,
    clock: { now: () => Date.now(), wall: () => Date.now() },
    log,
  });
  dispatch.connect(
    (effect) => {
      if (effect.type === "setOutput") plugs.write(effect.output, effect.active, effect.request);
    },
    () => undefined,
  );
  return {
    plugs,
    folder,
    store,
    log,
    said: () => sent.splice(0),
    connect() {
      for (const publication of plugs.connected()) say(publication);
    },
    hear: (topic: string, payload: string, retain = false) => plugs.take({ topic, payload: Buffer.from(payload), qos: 1, retain }),
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
      "warn: the plug of a, which is no longer configured, was not heard yet: it is switched off as soon as it is heard",
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
