import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createMistbuddies } from "../../../agent/profile/mistbuddy.ts";
import { configOf } from "../../config/loading.ts";
import { seededRandom, Tent } from "../../tent.ts";
import { Plug } from "../../twin/plug.ts";
import { Snifferbuddy } from "../../twin/snifferbuddy.ts";
import { TentBus } from "./tent-bus.ts";

// A day in a grow tent in which everything fails, again and again, and whenever it can in the moment in which the mister is on.

const second = 1000;
const minute = 60;
const hour = 3600;
const folder = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "config/examples");
const example = (name: string) => readFileSync(join(folder, `${name}.yaml`), "utf8");

/** What goes wrong, and for how many seconds. */
const faults = [
  { name: "the sensor dies", lasts: 10 * minute },
  { name: "the sensor is silent", lasts: 8 * minute },
  { name: "the sensor talks nonsense", lasts: 8 * minute },
  { name: "the broker is away for a moment", lasts: 10 },
  { name: "the broker is away", lasts: 12 * minute },
  { name: "the relays do not obey", lasts: 2 * minute },
  { name: "the agent is killed", lasts: 3 },
  { name: "the power is cut", lasts: 5 * minute },
] as const;
type Fault = (typeof faults)[number]["name"];

/** A tent with its SnifferBuddy, an agent and, where it has them, its plugs. */
class GrowTent {
  readonly bus: TentBus;
  readonly tent = new Tent();
  readonly plugs: readonly Plug[];
  readonly sniffer: Snifferbuddy;
  /** Seconds since the start. */
  elapsed = 0;
  /** What is wrong now. */
  fault: Fault | null = null;
  /** How often each fault came, and how often it found the mister on. */
  readonly met = new Map<Fault, { times: number; whileOn: number }>();
  /** When the SnifferBuddy was last understood, when it was last there, and when the broker was: in seconds. */
  lastReading = 0;
  /** How long the mister has been on in all, in seconds. */
  misted = 0;
  readonly #random = seededRandom(11);
  #ends = 0;
  #next = 0;

  constructor(yaml: string, topic: string, plugs: readonly string[] = []) {
    this.bus = new TentBus(configOf(yaml), createMistbuddies);
    const say = (to: string, payload: string, retain = false) => this.bus.say(to, payload, retain);
    const after = (ms: number, run: () => void) => this.bus.clock.after(ms, run);
    this.plugs = plugs.map((plug) => new Plug({ topic: plug, say, after }));
    this.sniffer = new Snifferbuddy({
      topic,
      period: 20 * second,
      measure: () => ({ ...this.tent.read(this.#random), light: this.light ? 600 : 20 }),
      say: (to, payload, retain) => {
        if (this.fault === "the sensor is silent" && to.endsWith("/SENSOR")) return;
        const nonsense = this.fault === "the sensor talks nonsense" && to.endsWith("/SENSOR");
        if (to.endsWith("/SENSOR") && !nonsense && this.isHeard) this.lastReading = this.elapsed;
        if (nonsense) say(to, `${payload}}`);
        else say(to, payload, retain);
      },
      after,
    });
    this.bus.members.push(this.sniffer, ...this.plugs);
    this.sniffer.start();
  }

  get light(): boolean {
    const day = (this.elapsed / hour) % 24;
    return day >= 2 && day < 20;
  }

  /** Whether a reading reaches the agent. */
  get isHeard(): boolean {
    const away: (Fault | null)[] = ["the broker is away", "the broker is away for a moment", "the agent is killed", "the power is cut"];
    return !away.includes(this.fault);
  }

  isOn(what: "mister" | "fan"): boolean {
    const [fan, mister] = this.plugs;
    return (what === "fan" ? fan?.on : mister?.on) ?? this.bus.isOn(what);
  }

  /** One second, with the fault that is due. */
  step(): void {
    if (this.fault !== null && this.elapsed >= this.#ends) this.#end(this.fault);
    // The next one half an hour after the last, and as long as there is light when the mister is on.
    if (this.fault === null && this.elapsed >= this.#ends + 20 * minute && (this.isOn("mister") || !this.light)) this.#begin();
    this.tent.step({ mister: this.isOn("mister"), fan: this.isOn("fan"), light: this.light }, { temperature: 20, humidity: 40 });
    if (this.isOn("mister")) this.misted++;
    this.elapsed++;
    this.bus.advance(second);
  }

  /** The SnifferBuddy that says nothing, or nonsense, does so where it speaks. */
  #begin(): void {
    const { name, lasts } = faults[this.#next++ % faults.length] ?? faults[0];
    const met = this.met.get(name) ?? { times: 0, whileOn: 0 };
    this.met.set(name, { times: met.times + 1, whileOn: met.whileOn + (this.isOn("mister") ? 1 : 0) });
    this.fault = name;
    this.#ends = this.elapsed + lasts;
    switch (name) {
      case "the sensor dies":
        this.sniffer.die();
        return;
      case "the broker is away":
      case "the broker is away for a moment":
        this.bus.broker(false);
        return;
      case "the relays do not obey":
        this.#obey(false);
        return;
      case "the agent is killed":
      case "the power is cut":
        this.bus.die(name === "the power is cut");
        return;
      case "the sensor is silent":
      case "the sensor talks nonsense":
    }
  }

  #end(name: Fault): void {
    this.fault = null;
    switch (name) {
      case "the sensor dies":
        this.sniffer.start();
        return;
      case "the broker is away":
      case "the broker is away for a moment":
        this.bus.broker(true);
        return;
      case "the relays do not obey":
        this.#obey(true);
        return;
      case "the agent is killed":
      case "the power is cut":
        this.bus.revive();
        return;
      case "the sensor is silent":
      case "the sensor talks nonsense":
    }
  }

  #obey(does: boolean): void {
    for (const plug of this.plugs) plug.connected = does;
    if (this.plugs.length === 0) for (const output of ["fan", "mister"]) this.bus.world.breakOutput(output, !does);
  }
}

/** For how many seconds something has been so without a break. */
class Lasting {
  seconds = 0;
  look(is: boolean): number {
    this.seconds = is ? this.seconds + 1 : 0;
    return this.seconds;
  }
}

/** What must be true in each second, whatever fails; `most`: how long the mister may be on at once. */
function watch(grow: GrowTent, most: number) {
  const on = { mister: new Lasting(), fan: new Lasting() };
  const dark = new Lasting();
  const [dying, away, dead] = [new Lasting(), new Lasting(), new Lasting()];
  const plugs = grow.plugs.length > 0;
  return (more: { silence?: number; broker: number; dark: number }) => {
    const { fault, elapsed } = grow;
    const stuck = fault === "the relays do not obey";
    const where = `after ${elapsed} s, ${fault ?? "nothing is wrong"}`;
    for (const what of ["mister", "fan"] as const) {
      const seconds = on[what].look(grow.isOn(what) && (plugs || !stuck));
      // A line that does not obey is written to again each second.
      if (seconds > (what === "mister" ? most : Math.max(most, 60)) + 1) expect.unreachable(`${what} on for ${seconds} s, ${where}`);
    }
    const mists = grow.isOn("mister") && !stuck;
    const past = (seconds: number, limit: number, why: string) => {
      if (mists && seconds > limit + 1) expect.unreachable(`the mister is on ${seconds} s after ${why}, ${where}`);
    };
    const killed = dead.look(fault === "the agent is killed" || fault === "the power is cut");
    const gone = away.look(fault === "the broker is away" || fault === "the broker is away for a moment");
    const dies = dying.look(fault === "the sensor dies");
    if (fault === "the power is cut" && !plugs && grow.isOn("mister")) expect.unreachable(`a relay without power is on, ${where}`);
    if (killed > 0 || (plugs && gone > 0)) return;
    past(gone, more.broker, "the broker was lost");
    if (more.silence !== undefined) {
      past(elapsed - grow.lastReading, more.silence, "the last reading");
      past(dies, 0, "the sensor said that it is gone");
    }
    past(dark.look(!grow.light), more.dark, "the light went out");
  };
}

describe("a grow tent for 24 hours in which everything fails again and again", () => {
  const vpd = example("growbuddy-vpd");
  const plugged = vpd
    .replace("    output: mister\n", "")
    .replaceAll(/^ {4}# ((?:on:|off:| {2}- \{ publish).*)$/gm, "    $1")
    .replace(/\nrules:\n[\s\S]*$/, "\n");

  it.each([
    { name: "relays", yaml: vpd, plugs: [], most: 40, broker: 30, silence: 180, dark: 21 },
    // Without the broker a plug hears no OFF: its own PulseTime of 100 s is what ends it.
    { name: "plugs", yaml: plugged, plugs: ["vaporbuddy_fan", "vaporbuddy_mister"], most: 100, broker: 100, silence: 180, dark: 21 },
  ])(
    "growbuddy 6f and 6g and 6h: the example growbuddy-vpd with $name: nothing stays on that should not",
    ({ yaml, plugs, most, ...limits }) => {
      const grow = new GrowTent(yaml, "snifferbuddy", plugs);
      const look = watch(grow, most);
      while (grow.elapsed < 24 * hour) {
        grow.step();
        look(limits);
      }
      for (const { name } of faults) expect(grow.met.get(name)?.whileOn, `${name}, while the mister was on`).toBeGreaterThan(1);
      // It did mist, as soon as it could again.
      expect(grow.misted).toBeGreaterThan(2 * hour);
    },
  );

  it("growbuddy 4.6 and 6h: the example growbuddy-mister, commanded each hour: nothing stays on that should not", () => {
    const grow = new GrowTent(example("growbuddy-mister"), "snifferbuddy/tent_one/sunshine");
    const look = watch(grow, 59);
    while (grow.elapsed < 24 * hour) {
      if (grow.elapsed % hour === 0) grow.bus.say("cmnd/tent_one/mistbuddy_1/ONOFF", grow.elapsed % (2 * hour) === 0 ? "50" : "20");
      grow.step();
      look({ broker: 50, dark: 50 });
    }
    for (const { name } of faults) expect(grow.met.get(name)?.whileOn, `${name}, while the mister was on`).toBeGreaterThan(0);
    expect(grow.misted).toBeGreaterThan(2 * hour);
  });
});
