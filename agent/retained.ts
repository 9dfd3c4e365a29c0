import type { Config } from "../config/schema.ts";
import { serviceOf } from "../config/services.ts";
import type { Driver } from "../gpio/driver.ts";
import { birthOf, healthPublication } from "./core/birth.ts";
import { healthOf } from "./core/health.ts";
import type { State } from "./core/state.ts";
import type { Current } from "./shell/current.ts";
import { type Inventory, readInventory } from "./shell/inventory.ts";
import type { Publication } from "./shell/link.ts";

export interface RetainedOptions {
  version: string;
  /** ISO time. */
  started: string;
  driver: Driver;
  current(): Current;
}

/** Every retained topic of this node, as it is now; statistics and services aside. */
export class Retained {
  readonly #options: RetainedOptions;
  /** Topics that a reload has cleared, until a broker has taken it: it may be away. */
  readonly #cleared = new Set<string>();

  #asked: Promise<void> | undefined;
  /** What the machine is, once it is known. */
  #machine: Inventory | undefined;

  constructor(options: RetainedOptions) {
    this.#options = options;
  }

  /** Asks once what the machine is; `info` then says it too. */
  learn(signal: AbortSignal, publish: (info: Publication) => void): void {
    this.#asked ??= readInventory(signal).then((machine) => {
      this.#machine = machine;
      if (machine) publish(this.info());
    });
  }

  get machine(): Readonly<Inventory> {
    return this.#machine ?? {};
  }

  info(): Publication {
    const { version, started, driver, current } = this.#options;
    const { topics, inputs, outputs, sensors } = current().plan;
    return state(
      topics.info,
      JSON.stringify({
        version,
        started,
        driver: driver.name,
        chips: driver.chips().map(({ label }) => label),
        inputs: idsOf(inputs),
        outputs: idsOf(outputs.filter(({ pwm }) => pwm === null)),
        pwm: idsOf(outputs.filter(({ pwm }) => pwm !== null)),
        sensors: idsOf(sensors.filter(({ published }) => published)),
        // Left out of the text until it is known.
        machine: this.#machine,
      }),
    );
  }

  status(payload: "online" | "offline"): Publication & { payload: string; qos: 1; retain: true } {
    return state(this.#options.current().plan.topics.status, payload);
  }

  health(link: State["link"] = this.#options.current().state.link): Publication {
    const { plan, state } = this.#options.current();
    return healthPublication(plan, healthOf(plan, { ...state, link }));
  }

  /** What a broker is told after each connect, before `online`: whoever reads it there knows that the link is up, or has `problem`. */
  birth(problem: string | null): Publication[] {
    const { plan, state } = this.#options.current();
    const health = this.health({ online: problem === null, problem });
    return [this.info(), ...[...this.#cleared].map(empty), ...birthOf(plan, state), health];
  }

  /** Nobody owns this topic any more; it is empty from the next birth on. */
  clear(topic: string): Publication {
    this.#cleared.add(topic);
    return empty(topic);
  }

  /** Somebody owns these again, and says there what is so. */
  owned(topics: readonly string[]): void {
    for (const topic of topics) this.#cleared.delete(topic);
  }

  /** A broker has acknowledged a whole birth. */
  born(): void {
    this.#cleared.clear();
  }

  /** After a reload: what is to be said besides the states. `cleared` was published by the core, if there was a broker. */
  reloaded(before: Config, after: Config, cleared: readonly string[]): Publication[] {
    const { plan, state } = this.#options.current();
    const units = after.services.map((entry) => serviceOf(entry).unit);
    const gone = before.services.flatMap((entry) => {
      const { unit } = serviceOf(entry);
      return units.includes(unit) ? [] : plan.topics.service(unit);
    });
    for (const topic of [...cleared, ...gone]) this.#cleared.add(topic);
    for (const { topic } of birthOf(plan, state)) this.#cleared.delete(topic);
    for (const unit of units) this.#cleared.delete(plan.topics.service(unit));
    return [...gone.map(empty), this.info()];
  }
}

function idsOf(items: readonly { id: string }[]): string[] {
  return items.map(({ id }) => id);
}

function empty(topic: string): Publication {
  return state(topic, "");
}

function state(topic: string, payload: string) {
  return { kind: "state", topic, payload, qos: 1, retain: true } as const;
}
