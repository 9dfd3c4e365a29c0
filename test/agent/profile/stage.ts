import type { Config } from "../../../config/schema.ts";
import { configOf } from "../../config/loading.ts";
import { Owlcms, PassedClock } from "../../twin/owlcms.ts";
import { World } from "../core/world.ts";

const pins = {
  inputs:
    "good1 bad1 good2 bad2 good3 bad3 start stop one two j1g j1b j2g j2b j3g j3b j4g j4b j5g j5b vg vb s1 s2 s3 sall sc del cha tec res",
  outputs: "led1 buz1 ok1 led2 buz2 ok2 led3 buz3 ok3 light horn g1 w1 r1 g2 w2 r2 g3 w3 r3 g4 w4 r4 g5 w5 r5 rw1 rr1 rw2 rr2 rw3 rr3",
};

/** A box with a pin for everything; `owlcms` is what its section says. */
export function boxOf(owlcms: string): Config {
  const list = (names: string, from: number, more: string) =>
    names
      .split(" ")
      .map((id, index) => `  ${id}: { line: { chip: c, offset: ${from + index} }${more} }`)
      .join("\n");
  return configOf(`inputs:\n${list(pins.inputs, 0, ", debounce: 0ms")}\noutputs:\n${list(pins.outputs, 40, "")}\nowlcms: ${owlcms}\n`);
}

/** What one referee has; `n` is the number. */
export const referee = (n: number | string, more = "") =>
  `${n}: { good: good${n}, bad: bad${n}, led: led${n}, buzzer: buz${n}, confirm: ok${n}${more} }`;
export const hub = `{ platform: A, referees: { ${[1, 2, 3].map((n) => referee(n)).join(", ")} } }`;

/** The desk of a jury of `size` members. */
export const jury = (size: number) => {
  const numbers = Array.from({ length: size }, (_, index) => index + 1);
  const members = numbers.map((n) => `${n}: { good: j${n}g, bad: j${n}b, green: g${n}, white: w${n}, red: r${n} }`).join(", ");
  const referees = [1, 2, 3].map((n) => `${n}: { white: rw${n}, red: rr${n} }`).join(", ");
  const desk =
    "verdict: { good: vg, bad: vb }, summon: { 1: s1, 2: s2, 3: s3, all: sall, controller: sc }, deliberation: del, challenge: cha, technical: tec, resume: res";
  return `{ platform: A, jury: { members: { ${members} }, referees: { ${referees} }, ${desk} } }`;
};

/** A box in virtual time beside the twin of owlcms, on a broker that loses nothing and takes no time. */
export class Stage {
  readonly world: World;
  readonly owlcms: Owlcms;
  /** What owlcms said: `1000 owlcms/fop/down/A=`. Times count from the moment at which everything is connected. */
  readonly said: string[] = [];
  readonly #clock = new PassedClock();
  readonly #began: number;
  #heard = 0;

  constructor(owlcms: string, { platforms = ["A"], jurySize = 3, connected = true } = {}) {
    this.world = new World(boxOf(owlcms));
    this.#clock.now = this.world.now;
    this.owlcms = new Owlcms({
      platforms,
      jurySize,
      say: (topic, payload) => this.say(topic, payload),
      after: (ms, run) => this.#clock.after(ms, run),
    });
    if (connected) {
      this.world.link(true);
      this.owlcms.start();
      this.advance(10_000);
    }
    this.#began = this.world.now;
    this.said.length = 0;
  }

  /** ms since everything is connected. */
  get now(): number {
    return this.world.now - this.#began;
  }

  say(topic: string, payload: string): void {
    this.said.push(`${this.now} ${topic}=${payload}`);
    this.world.message(topic, payload);
  }

  advance(ms: number): void {
    const end = this.world.now + ms;
    for (;;) {
      this.#deliver();
      const next = Math.min(end, this.#clock.next, ...this.world.timers.values());
      this.world.advance(Math.max(0, next - this.world.now));
      this.#deliver();
      this.#clock.goTo(this.world.now);
      if (this.world.now >= end && this.#clock.next > end && ![...this.world.timers.values()].some((at) => at <= end)) break;
    }
    this.#deliver();
  }

  press(...inputs: string[]): void {
    for (const input of inputs) {
      this.world.edge(input, true);
      this.#deliver();
      this.world.edge(input, false);
      this.#deliver();
    }
  }

  /** Somebody else's box, or another platform's. */
  tell(topic: string, payload: string): void {
    this.owlcms.hear(topic, payload);
    this.#deliver();
  }

  /** The clock of an attempt starts. */
  begin(platform = "A"): void {
    this.tell(`owlcms/clock/${platform}`, "start");
  }

  /** When an output went on and off, as times: `[0, 100, 200]` = on, off, on. */
  edges(output: string, since = 0): number[] {
    return this.world.wires.flatMap(({ id, at }) => (id === output && at - this.#began >= since ? [at - this.#began] : []));
  }

  /** What this box said to owlcms: `refbox/decision/A=1 good`. */
  get asked(): string[] {
    return this.world.published.flatMap(({ topic, payload }) => (topic.startsWith("owlcms/") ? [`${topic.slice(7)}=${payload}`] : []));
  }

  isOn(...outputs: string[]): boolean[] {
    return outputs.map((output) => this.world.isOn(output));
  }

  /** What the box has published goes to owlcms, and what that answers comes back. */
  #deliver(): void {
    for (; this.#heard < this.world.published.length; this.#heard++) {
      const publication = this.world.published[this.#heard];
      if (publication?.topic.startsWith("owlcms/")) this.owlcms.hear(publication.topic, publication.payload);
    }
  }
}
