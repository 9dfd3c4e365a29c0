import { hear, valuesOf } from "../../../agent/core/topic-value.ts";
import type { Profile, ProfileEffect, ProfileEvent } from "../../../agent/profile/profile.ts";
import type { Config } from "../../../config/schema.ts";
import { PassedClock } from "../../twin/owlcms.ts";
import { World } from "../core/world.ts";

/** Who else is on the bus. */
interface Member {
  hear(topic: string, payload: string): void;
}

interface Message {
  topic: string;
  payload: string;
  retain: boolean;
}

/** Where the clock of a `World` begins. */
const worldBegin = 1000;

/**
 * An agent in virtual time with a profile, values out of messages and the twins of a grow tent, on a broker that takes no time. The broker can
 * be away, the agent can die and start again; its lines are where they were left.
 */
export class TentBus {
  readonly clock = new PassedClock();
  /** Everything that was said while the broker was there: `500 cmnd/light/Mem1=`. */
  readonly said: string[] = [];
  readonly members: Member[] = [];
  world: World;
  readonly #config: Config;
  readonly #make: () => Profile;
  #profile: Profile;
  readonly #timers = new Map<string, number>();
  readonly #waiting: Message[] = [];
  readonly #retained = new Map<string, string>();
  /** When this run of the agent began. */
  #born = 0;
  #broker = true;
  #alive = true;
  #published = 0;

  constructor(config: Config, make: () => Profile) {
    this.#config = config;
    this.#make = make;
    this.#profile = make();
    this.world = new World(config);
    this.#begin();
  }

  /** ms since the start. */
  get now(): number {
    return this.clock.now;
  }

  /** Everything that the agent has logged in this run, the profile included. */
  readonly logs: string[] = [];

  say(topic: string, payload: string, retain = false): void {
    if (!this.#broker) return;
    this.#waiting.push({ topic, payload, retain });
    // Who is just hearing something says more: it comes after what was said before.
    if (this.#waiting.length > 1) return;
    for (let next = this.#waiting[0]; next !== undefined; this.#waiting.shift(), next = this.#waiting[0]) this.#carry(next);
  }

  #carry({ topic, payload, retain }: Message): void {
    if (retain) this.#retained.set(topic, payload);
    this.said.push(`${this.now} ${topic}=${payload}`);
    for (const member of this.members) member.hear(topic, payload);
    if (this.#alive) this.#heard(topic, payload, false);
  }

  /** The broker goes, or comes. */
  broker(there: boolean): void {
    if (there === this.#broker) return;
    this.#broker = there;
    if (this.#alive) this.#link();
  }

  /** The agent is gone without a word. `unpowered`: its lines with it. */
  die(unpowered: boolean): void {
    this.#alive = false;
    this.#timers.clear();
    if (unpowered) for (const line of this.world.outputs) line.active = false;
  }

  /** It starts again with what it has kept; its lines are as it finds them. */
  revive(): void {
    const { plan, outputs, rulesOnDisk } = this.world;
    this.world = new World(this.#config, {
      kept: Object.fromEntries(plan.outputs.map(({ id }) => [id, this.world.onDisk(id)])),
      rules: Object.fromEntries(rulesOnDisk),
      found: outputs.some(({ active }) => active),
    });
    this.#born = this.now;
    this.#profile = this.#make();
    this.#published = 0;
    this.#alive = true;
    this.#begin();
  }

  /** Everything that is due until then, in the order of its times. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = Math.min(this.clock.next, ...this.#timers.values(), ...(this.#alive ? this.#worldTimers() : []));
      if (next > end) break;
      this.#goTo(Math.max(next, this.now));
    }
    this.#goTo(end);
  }

  isOn(output: string): boolean {
    return this.world.isOn(output);
  }

  /** What was said on topics that begin so, since `from`, without the times. */
  told(prefix: string, from = 0): string[] {
    return this.said.slice(from).flatMap((line) => {
      const text = line.slice(line.indexOf(" ") + 1);
      return text.startsWith(prefix) ? [text] : [];
    });
  }

  /** When an output went on and off in this run: `["500 mister on"]`. */
  get wires(): string[] {
    return this.world.wires.map(({ id, active, at }) => `${at - worldBegin + this.#born} ${id} ${active ? "on" : "off"}`);
  }

  #worldTimers(): number[] {
    return [...this.world.timers.values()].map((at) => at - worldBegin + this.#born);
  }

  #goTo(time: number): void {
    if (this.#alive) this.world.advance(time - this.#born + worldBegin - this.world.now);
    this.#deliver();
    this.clock.goTo(time);
    for (const [key, at] of [...this.#timers].sort((a, b) => a[1] - b[1]))
      if (at <= time && this.#timers.delete(key)) this.#step({ type: "timer-due", key, at: time });
    this.#deliver();
  }

  #begin(): void {
    this.world.dispatch({ type: "started", held: false, at: this.world.now });
    if (this.#broker) this.#link();
  }

  #link(): void {
    this.world.link(this.#broker);
    this.#step({ type: this.#broker ? "birth" : "offline", at: this.now });
    if (this.#broker) for (const [topic, payload] of this.#retained) this.#heard(topic, payload, true);
    this.#deliver();
  }

  #heard(topic: string, payload: string, retain: boolean): void {
    const { plan, state } = this.world;
    const at = this.world.now;
    for (const [peer, { topic: own, online, offline }] of plan.peers.entries())
      if (topic === own && (payload === online || payload === offline))
        this.world.dispatch({ type: "peer-changed", peer, online: payload === online, at });
    for (const [sensor, { topic: source, staleAfter }] of plan.sensors.entries()) {
      if (source?.filter !== topic || retain) continue;
      const heard = hear(source, payload, staleAfter, state, at);
      const reading = heard.ok ? valuesOf(source, heard.json, heard.raw) : heard;
      if (reading.ok) this.world.dispatch({ type: "sensor-read", sensor, values: reading.values, at });
    }
    if (this.#profile.topics(this.#now()).some((one) => one.topic === topic && (!retain || one.retained)))
      this.#step({ type: "heard", message: { topic, payload, retain, responseTopic: null, correlationData: null }, at: this.now });
    this.#deliver();
  }

  /** What rules and controllers have published. */
  #deliver(): void {
    while (this.#published < this.world.published.length) {
      const { topic, payload } = this.world.published[this.#published++] ?? { topic: "", payload: "" };
      if (!topic.startsWith(`${this.#config.prefix}/`)) this.say(topic, payload);
    }
  }

  #now() {
    return { config: this.#config, plan: this.world.plan, state: this.world.state };
  }

  #step(event: ProfileEvent): void {
    for (const effect of this.#profile.step(this.#now(), event)) this.#perform(effect);
  }

  #perform(effect: ProfileEffect): void {
    switch (effect.type) {
      case "publish":
        this.say(effect.publication.topic, effect.publication.payload);
        return;
      case "command":
        this.world.mqtt(effect.output, effect.message.payload);
        return;
      case "startTimer":
        this.#timers.set(effect.key, effect.at);
        return;
      case "stopTimer":
        this.#timers.delete(effect.key);
        return;
      case "log":
        this.logs.push(effect.message);
        return;
      case "clear":
      case "keep":
      case "tellAll":
        throw new Error(`no profile of a tent wants ${effect.type}`);
    }
  }
}
