import { describe, expect, it } from "vitest";
import type { ControllerConfig, PwmConfig, RuleConfig } from "../../../config/schema.ts";
import { seededRandom, Tent } from "../../tent.ts";
import { configOf, controller, rule } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;
const hour = 3600;
const target = 58;

/** A tent with its agent: read every 10 s, the lamp from 06:00 to 22:00, a room that is dry by day and damp at night. */
class Grow {
  readonly world: World;
  readonly tent = new Tent();
  readonly #random = seededRandom(7);
  #elapsed = 0;
  /** While true the sensor says nothing. */
  silent = false;
  /** The humidity of the air, each minute. */
  readonly seen: number[] = [];

  constructor(parts: {
    rules?: Record<string, RuleConfig>;
    controllers?: Record<string, ControllerConfig>;
    pwm?: Record<string, Partial<PwmConfig>>;
  }) {
    const config = configOf({
      outputs: parts.pwm === undefined ? { mister: {}, fan: {} } : { fan: {} },
      sensors: { tent: { every: 10 * second, stale_after: 60 * second } },
      ...parts,
    });
    // 2026-11-22 00:00 at the start of the world, at 1000 ms.
    this.world = new World(config, { offset: Date.parse("2026-11-22T00:00:00Z") - second });
    this.world.link(true);
    this.world.dispatch({ type: "started", held: false, at: this.world.now });
  }

  run(seconds: number): void {
    for (let end = this.#elapsed + seconds; this.#elapsed < end; this.#elapsed++) {
      const day = ((this.#elapsed % (24 * hour)) / hour + 24) % 24;
      const light = day >= 6 && day < 22;
      const room = { temperature: 20 + 2 * Math.sin(((day - 9) / 12) * Math.PI), humidity: 40 - 5 * Math.sin(((day - 9) / 12) * Math.PI) };
      if (this.#elapsed % 10 === 0 && !this.silent) this.world.measure("tent", this.tent.read(this.#random));
      this.tent.step({ mister: this.#misted, fan: this.world.isOn("fan"), light }, room);
      this.world.advance(second);
      if (this.#elapsed % 60 === 0) this.seen.push(this.tent.humidity);
    }
  }

  get #misted(): number {
    return this.world.isOn("mister") ? (this.world.levels.get("mister") ?? 100) / 100 : 0;
  }

  /** How far the air was from the target, from the second hour on. */
  get worst(): number {
    return Math.max(...this.seen.slice(60).map((humidity) => Math.abs(humidity - target)));
  }

  get switches(): number {
    return this.world.wires.filter(({ id }) => id === "mister").length;
  }
}

const on = { output: "mister", set: "on" } as const;
const off = { output: "mister", set: "off" } as const;
// What hangs in the air when the mister stops comes on top, so both switch a little below the target; a PID controller finds that by itself.
const byRule = { mist: rule([{ sensor: "tent.humidity", below: 57, hysteresis: 0.5 }], [on], { else: [off], on_stale: "else" }) };
const mister = { sensor: "tent.humidity", effect: "raise", output: "mister", setpoint: target } as const;
const byHysteresis = { mist: controller({ ...mister, setpoint: 57.25, hysteresis: 0.5 }) };
const byPid = { mist: controller({ ...mister, pid: { kp: 4, ki: 0.02, kd: 20 }, cycle: 20 * second, min_on: second, min_off: second }) };
// A dimmed mister, never for less than it can give.
const byLevel = {
  pwm: { mister: { min: 10, fade: 2 * second } },
  controllers: { mist: controller({ ...mister, output: null, pwm: "mister", pid: { kp: 4, ki: 0.02, kd: 20 } }) },
};

describe("a tent over 24 hours, with a lamp by day", () => {
  it.each([
    { name: "a rule with hysteresis", parts: { rules: byRule } },
    { name: "a controller with hysteresis", parts: { controllers: byHysteresis } },
    { name: "a PID controller", parts: { controllers: byPid } },
    { name: "a PID controller that dims the mister", parts: byLevel },
  ])("is held within 3 % by $name", ({ parts }) => {
    const grow = new Grow(parts);
    grow.run(24 * hour);
    expect(grow.seen).toHaveLength(24 * 60);
    expect(grow.worst).toBeLessThan(3);
    expect(grow.switches).toBeGreaterThan(100);
  });

  it("is not held when nobody controls it", () => {
    const grow = new Grow({});
    grow.run(24 * hour);
    expect(grow.worst).toBeGreaterThan(3);
  });
});

describe("a sensor that is lost while the mister is on", () => {
  it.each([
    { name: "a rule", parts: { rules: byRule } },
    { name: "a controller with hysteresis", parts: { controllers: byHysteresis } },
    { name: "a PID controller", parts: { controllers: byPid } },
    { name: "a PID controller that dims the mister", parts: byLevel },
  ])("has the mister off within stale_after by $name, until it is back", ({ parts }) => {
    const grow = new Grow(parts);
    grow.run(2 * hour);
    // The worst moment: the mister has just gone on by a reading.
    while (!grow.world.isOn("mister")) grow.run(1);
    grow.silent = true;
    const lostAt = grow.world.now;
    grow.run(2 * hour);
    const last = grow.world.wires.filter(({ id }) => id === "mister").at(-1);
    expect(last?.active).toBe(false);
    expect((last?.at ?? Number.POSITIVE_INFINITY) - lostAt).toBeLessThanOrEqual(60 * second);
    grow.silent = false;
    const { switches } = grow;
    grow.run(hour);
    expect(grow.switches).toBeGreaterThan(switches);
  });
});

describe("a broker that is lost while the mister is on", () => {
  it("has it off after the time that on_broker_lost says, until it is back", () => {
    const grow = new Grow({ controllers: { mist: { ...byPid.mist, on_broker_lost: { after: 30 * second, do: "off" } } } });
    grow.run(2 * hour);
    grow.world.link(false);
    const lostAt = grow.world.now;
    grow.run(hour);
    const last = grow.world.wires.filter(({ id }) => id === "mister").at(-1);
    expect(last?.active).toBe(false);
    expect((last?.at ?? 0) - lostAt).toBeLessThanOrEqual(30 * second);
    expect(grow.world.controlled("mist")).toMatchObject({ held: "the broker is lost", output: 0, on: false });
    grow.world.link(true);
    grow.run(2 * hour);
    expect(Math.abs((grow.seen.at(-1) ?? 0) - target)).toBeLessThan(3);
  });
});
