import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Config } from "../../../config/schema.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const runs = Number(process.env.PINBUS_RUNS ?? 200);
const last = { identify: "on", on_start: "last" } as const;
const lamp = (more = {}) => configOf({ outputs: { lamp: { ...last, ...more } } });
const gates = configOf({
  outputs: { lamp: { ...last, interlock: "gate" }, up: { ...last, interlock: "gate" } },
  interlocks: { gate: { mode: "switch", dead_time: 300 } },
});

/** On for so long, and then in the first dark moment of a blinking. */
function inTheDark(config: Config, wait = 1000): World {
  const world = new World(config);
  world.control("lamp", "ON");
  world.advance(wait);
  world.identify("lamp", 5000);
  world.advance(200);
  expect(world.isOn("lamp")).toBe(false);
  return world;
}

/** The next run, with what is on disk, all that was locked unlocked by then, and no interlock that would keep anything off. */
function restarted(world: World): World {
  const kept = world.plan.outputs.map(({ id }) => [id, { ...world.onDisk(id), locked: false }] as const);
  return new World(configOf({ outputs: { lamp: last, up: last, fan: last } }), { kept: Object.fromEntries(kept) });
}

describe("after a restart, an output that blinked", () => {
  it.each<[string, Config, number, (world: World) => void]>([
    ["it was locked", lamp(), 1000, (world) => world.lock("lamp", true)],
    ["its line did not take the step on", lamp(), 1000, (world) => world.breakOutput("lamp", true)],
    ["the step on came late, and max_on was near", lamp({ max_on: 10_000, min_on: 800 }), 8500, (world) => world.advance(5000, () => 300)],
    ["its partner went on", gates, 1000, (world) => world.control("up", "ON")],
    [
      "its line refused to be switched on by a command",
      lamp(),
      1000,
      (world) => {
        world.breakOutput("lamp", true);
        world.control("lamp", "ON");
      },
    ],
  ])("is off when %s in the dark of a blink", (_, config, wait, end) => {
    const world = inTheDark(config, wait);
    end(world);
    world.advance(60_000);
    expect(world.isOn("lamp")).toBe(false);
    expect(restarted(world).isOn("lamp")).toBe(false);
  });

  it("is on when it was on before, and the dark moment had no time to end", () => {
    expect(restarted(inTheDark(lamp())).isOn("lamp")).toBe(true);
    const stopped = inTheDark(lamp());
    stopped.dispatch({ type: "stop-requested", at: stopped.now });
    expect(restarted(stopped).isOn("lamp")).toBe(true);
    const moved = inTheDark(lamp());
    moved.reload(lamp({ line: { kind: "gpio", gpio: 20 } }));
    expect(moved.isOn("lamp")).toBe(true);
    const lost = inTheDark(lamp());
    lost.loseOutput("lamp");
    lost.returnOutput("lamp");
    expect(lost.isOn("lamp")).toBe(true);
  });

  it("is never on when it was off, whatever happened", () => {
    const config = configOf({
      outputs: {
        lamp: { ...last, interlock: "gate" },
        up: { ...last, interlock: "gate", min_off: 200 },
        fan: { ...last, max_on: 3000, min_on: 300, pulse: { default: 400, max: 5000 } },
      },
      interlocks: { gate: { mode: "switch", dead_time: 300 } },
    });
    const output = fc.constantFrom("lamp", "up", "fan");
    const step = fc.oneof(
      fc.tuple(fc.constant("identify"), output, fc.constantFrom(1000, 2500)),
      fc.tuple(fc.constantFrom("ON", "OFF", "PULSE", "lock", "unlock", "break", "mend"), output, fc.constant(0)),
      fc.tuple(fc.constant("wait"), output, fc.nat(900)),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25, size: "max" }), fc.nat(400), (steps, late) => {
        const world = new World(config);
        for (const [what, id, ms] of steps) {
          if (what === "wait") world.advance(ms, () => late);
          else if (what === "identify") world.identify(id, ms);
          else if (what === "ON" || what === "OFF" || what === "PULSE") world.control(id, what);
          else if (what === "lock" || what === "unlock") world.lock(id, what === "lock");
          else world.breakOutput(id, what === "break");
        }
        world.advance(20_000, () => late);
        const next = restarted(world);
        for (const id of ["lamp", "up", "fan"]) if (!world.isOn(id)) expect([id, next.isOn(id)]).toEqual([id, false]);
      }),
      { numRuns: runs },
    );
  });
});
