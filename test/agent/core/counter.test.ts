import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { healthOf } from "../../../agent/core/health.ts";
import type { InputConfig } from "../../../config/schema.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const meterOf = (input: Partial<InputConfig> = {}) =>
  configOf({ inputs: { meter: { kind: "counter", debounce: 0, per_unit: 1000, unit: "kWh", ...input } } });

function pulses(world: World, count: number, every: number): void {
  for (let i = 0; i < count; i++) {
    world.edge("meter", true);
    world.advance(every);
  }
}

const problems = (world: World) => healthOf(world.plan, world.state);

describe("a counter", () => {
  it("publishes its total when it is on disk, at most once in `report`, and not when nothing was counted", () => {
    const world = new World(meterOf());
    pulses(world, 5000, 1);
    world.advance(60_000);
    const totals = world.published.filter(({ topic }) => topic === "pinbus/garage/counter/meter/state");
    expect(world.counted("meter")).toMatchObject({ total: 5, unit: "kWh", pulses: 5000, lost: 0, rate: 0 });
    // The first is what it brought, when its line was opened.
    const whileCounting = totals.slice(1).filter(({ at }) => at <= 6000);
    expect(whileCounting.map(({ at }) => at)).toEqual([1000, 2000, 3000, 4000, 5000, 6000]);
    expect(totals.length).toBeLessThan(16);
    expect(world.totals.get("meter")).toEqual({ pulses: 5000, missed: 0, uncertain: false });
    const { length } = world.published;
    world.advance(3_600_000);
    expect(world.published.length).toBe(length);
  });

  it("says nothing on the topics of a button", () => {
    const world = new World(meterOf());
    pulses(world, 10, 50);
    expect(world.published.map(({ topic }) => topic).filter((topic) => topic.includes("/in/"))).toEqual([]);
  });

  it("counts on from what it brought, and what the kernel dropped", () => {
    const world = new World(meterOf(), { totals: { meter: { pulses: 41, missed: 0, uncertain: false } } });
    world.dispatch({ type: "edges-lost", input: 0, count: 958, at: world.now });
    world.edge("meter", true);
    world.advance(1000);
    expect(world.counted("meter")).toMatchObject({ total: 1, pulses: 1000, lost: 0 });
  });

  it.each([
    ["rising", 2],
    ["falling", 2],
    ["both", 4],
  ] as const)("that debounces counts the %s edges that have settled", (edge, counted) => {
    const world = new World(meterOf({ debounce: 20, edge, per_unit: 1 }));
    for (let i = 0; i < 2; i++) {
      for (const level of [true, false, true]) {
        world.edge("meter", level);
        world.advance(3);
      }
      world.advance(100);
      world.edge("meter", false);
      world.advance(100);
    }
    world.advance(2000);
    expect(world.counted("meter")).toMatchObject({ pulses: counted });
  });

  it("that debounces says what it could not count, until its total is set", () => {
    const world = new World(meterOf({ debounce: 20 }));
    world.link(true);
    world.dispatch({ type: "edges-lost", input: 0, count: 3, at: world.now });
    world.advance(1000);
    expect(world.counted("meter")).toMatchObject({ lost: 3 });
    expect(problems(world)).toMatchObject({ health: "degraded", problems: [expect.stringContaining("3 edges were lost and not counted")] });
    world.setCounter("meter", "7");
    expect(world.counted("meter")).toMatchObject({ lost: 0, total: 7 });
    expect(problems(world).health).toBe("ok");
  });

  it("measures the rate from pulse to pulse, and lets it sink to 0 when they stop", () => {
    const world = new World(meterOf({ rate: "hour" }));
    pulses(world, 30, 1000);
    expect(world.counted("meter")).toMatchObject({ rate: 3.6, rate_unit: "kWh/h" });
    world.advance(4000);
    const { rate } = world.counted("meter") as { rate: number };
    expect(rate).toBeLessThan(1.9);
    expect(rate).toBeGreaterThan(0);
    world.advance(10_000);
    expect(world.counted("meter")).toMatchObject({ rate: 0 });
  });

  it("knows the rate of a meter that ticks every ten minutes", () => {
    const world = new World(meterOf({ per_unit: 1, rate: "hour" }));
    pulses(world, 3, 600_000);
    expect(world.counted("meter")).toMatchObject({ rate: 6 });
  });

  it("says no rate while its line cannot be used, and counts on when it is back", () => {
    const world = new World(meterOf());
    pulses(world, 10, 100);
    world.advance(1000);
    world.dispatch({ type: "input-lost", input: 0, problem: "its chip was removed", at: world.now });
    expect(world.counted("meter")).toMatchObject({ pulses: 10, rate: null });
    world.dispatch({ type: "level-read", input: 0, active: true, at: world.now, why: "chip" });
    pulses(world, 1, 2000);
    expect(world.counted("meter")).toMatchObject({ pulses: 11, rate: 0 });
  });

  it("goes on counting while its total cannot be kept, says so, and publishes it when it can", () => {
    const world = new World(meterOf());
    pulses(world, 10, 100);
    world.advance(1000);
    world.diskProblem = "there is no room";
    pulses(world, 10, 1000);
    expect(world.counted("meter")).toMatchObject({ pulses: 10 });
    expect(problems(world)).toMatchObject({
      health: "failing",
      problems: [expect.stringContaining("not kept: there is no room"), expect.anything()],
    });
    expect(world.logs.filter(({ level }) => level === "error")).toHaveLength(1);
    world.setCounter("meter", '{"set":1,"id":"a"}');
    expect(world.counterAnswers.at(-1)?.verdict).toMatchObject({ ok: false, reason: "failed" });
    world.diskProblem = null;
    world.advance(2000);
    expect(world.counted("meter")).toMatchObject({ pulses: 1000 });
    expect(problems(world).problems.join()).not.toContain("not kept");
  });

  it("whose total was lost says so until it is set", () => {
    const world = new World(meterOf(), { totals: { meter: { pulses: 0, missed: 0, uncertain: true } } });
    pulses(world, 1, 2000);
    expect(world.counted("meter")).toMatchObject({ pulses: 1, uncertain: true });
    expect(problems(world).problems.join()).toContain("its total was lost");
    world.setCounter("meter", "0");
    expect(world.counted("meter")).not.toHaveProperty("uncertain");
    expect(problems(world).problems.join()).not.toContain("its total was lost");
  });

  it("keeps what is not kept yet when the agent stops, and before a reload lets go of it", () => {
    const stopped = new World(meterOf({ report: 3_600_000 }));
    pulses(stopped, 3, 10);
    stopped.edge("meter", true);
    stopped.dispatch({ type: "stop-requested", at: stopped.now });
    expect(stopped.totals.get("meter")?.pulses).toBe(4);
    // Nothing of it keeps a process alive whose disk is full.
    stopped.diskProblem = "full";
    stopped.edge("meter", true);
    stopped.timers.clear();
    stopped.dispatch({ type: "totals-wanted", at: stopped.now });
    expect(stopped.timers.size).toBe(0);
    const reloaded = new World(meterOf({ report: 3_600_000 }));
    pulses(reloaded, 3, 10);
    reloaded.reload(configOf({}));
    expect(reloaded.totals.get("meter")?.pulses).toBe(3);
    expect(reloaded.shown.get("pinbus/garage/counter/meter/state") ?? reloaded.payloads("pinbus/garage/counter/meter/state").at(-1)).toBe(
      "",
    );
    reloaded.reload(meterOf());
    pulses(reloaded, 1, 2000);
    expect(reloaded.counted("meter")).toMatchObject({ pulses: 4 });
  });

  it("takes another unit and another report time at a reload, and counts on when its line is requested anew", () => {
    const world = new World(meterOf({ report: 3_600_000 }));
    world.advance(10_000);
    pulses(world, 500, 10);
    world.reload(meterOf({ per_unit: 100, report: 1000 }));
    expect(world.counted("meter")).toMatchObject({ total: 5, pulses: 500 });
    pulses(world, 3, 1000);
    expect(world.counted("meter")).toMatchObject({ pulses: 503 });
    world.edge("meter", true);
    world.reload(meterOf({ edge: "falling", per_unit: 100, report: 1000 }));
    expect(world.counted("meter")).toMatchObject({ pulses: 504 });
    pulses(world, 3, 1000);
    expect(world.counted("meter")).toMatchObject({ pulses: 507 });
  });

  it("never publishes a total that is not on disk, and loses none, whatever comes in between", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant("pulse" as const), by: fc.integer({ min: 1, max: 30 }) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), by: fc.integer({ min: 1, max: 5000 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("lost" as const), by: fc.integer({ min: 1, max: 500 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("disk" as const), by: fc.integer({ min: 0, max: 1 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("reload" as const), by: fc.integer({ min: 100, max: 5000 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), by: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let config = meterOf({ per_unit: 1 });
        let world = new World(config);
        let counted = 0;
        let highest = 0;
        const look = () => {
          const total = Number(world.counted("meter")?.pulses ?? 0);
          expect(total).toBeGreaterThanOrEqual(highest);
          expect(total).toBeLessThanOrEqual(world.total("meter").pulses);
          highest = total;
        };
        for (const { do: what, by } of steps) {
          if (what === "pulse") pulses(world, by, 1);
          if (what === "pulse" || what === "lost") counted += by;
          if (what === "lost") world.dispatch({ type: "edges-lost", input: 0, count: by, at: world.now });
          if (what === "wait") world.advance(by);
          if (what === "disk") world.diskProblem = by === 0 ? null : "full";
          if (what === "reload") {
            config = meterOf({ per_unit: 1, report: by });
            world.reload(config);
          }
          if (what === "crash") {
            const totals = { meter: world.total("meter") };
            counted = totals.meter.pulses;
            world = new World(config, { totals });
          }
          expect(world.state.inputs[0]?.counter?.pulses).toBe(counted);
          look();
        }
        world.diskProblem = null;
        world.advance(20_000);
        world.edge("meter", true);
        world.advance(20_000);
        look();
        expect(highest).toBe(counted + 1);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a command to a counter", () => {
  const ask = (payload: string, more: Parameters<World["setCounter"]>[2] = {}) => {
    const world = new World(meterOf());
    pulses(world, 5, 1000);
    world.setCounter("meter", payload, more);
    return { world, verdict: world.counterAnswers.at(-1)?.verdict };
  };

  it.each([
    ["12.5", 12.5],
    ['{"set":12.5}', 12.5],
    ['{"reset":true}', 0],
    [" 0 ", 0],
  ])("sets the total and is answered when it is on disk: %s", (payload, total) => {
    const { world, verdict } = ask(payload);
    expect(verdict).toEqual({ ok: true, total, pulses: total * 1000 });
    expect(world.counted("meter")).toMatchObject({ total });
    expect(world.total("meter").pulses).toBe(total * 1000);
  });

  it.each([
    ["ON", "malformed"],
    ["{", "malformed"],
    ['{"set":1,"reset":true}', "malformed"],
    ['{"reset":false}', "malformed"],
    ['{"set":"1"}', "malformed"],
    ['{"set":1,"what":2}', "malformed"],
    ["-1", "malformed"],
    ["999999999999999", "malformed"],
    ['{"set":1,"ts":"2020-01-01T00:00:00Z"}', "stale"],
    ["1".repeat(2000), "malformed"],
  ])("is refused with its reason: %s", (payload, reason) => {
    const { world, verdict } = ask(payload, {});
    world.state.clockOffset = 0;
    if (reason === "stale") {
      const late = new World(meterOf(), { offset: Date.parse("2026-01-01T00:00:00Z") });
      late.setCounter("meter", payload);
      expect(late.counterAnswers.at(-1)?.verdict).toMatchObject({ ok: false, reason });
      return;
    }
    expect(verdict).toMatchObject({ ok: false, reason });
    expect(world.counted("meter")).toMatchObject({ total: 0.005 });
  });

  it("that was retained is refused; an empty one is none", () => {
    expect(ask("0", { retain: true }).verdict).toMatchObject({ ok: false, reason: "retained" });
    expect(ask("").verdict).toBeUndefined();
  });

  it("with an id is served once and answered again", () => {
    const { world } = ask('{"set":2,"id":"x"}');
    pulses(world, 1, 2000);
    world.setCounter("meter", '{"set":2,"id":"x"}');
    expect(world.counterAnswers.map(({ verdict }) => verdict)).toEqual(Array(2).fill({ ok: true, total: 2, pulses: 2000 }));
    expect(world.counted("meter")).toMatchObject({ pulses: 2001 });
  });

  it("comes too late when the agent stops", () => {
    const { world } = ask("1");
    world.dispatch({ type: "stop-requested", at: world.now });
    world.setCounter("meter", "9");
    expect(world.counterAnswers.at(-1)?.verdict).toMatchObject({ ok: false, reason: "stopping" });
  });

  it("is remembered with its cause", () => {
    const { world } = ask('{"set":2,"id":"x","cause":"new meter"}');
    const counter = world.state.inputs[0]?.counter;
    expect(counter?.history).toMatchObject([{ text: "set to 2 kWh (was 0.005 kWh)", cause: { kind: "mqtt", detail: "new meter, id x" } }]);
  });
});
