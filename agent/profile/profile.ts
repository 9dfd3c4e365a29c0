import type { Config } from "../../config/schema.ts";
import type { Cause, Instant } from "../core/model.ts";
import type { Plan } from "../core/plan.ts";
import type { State } from "../core/state.ts";

/** What the agent runs by now, as a profile sees it. */
export interface World {
  readonly config: Config;
  readonly plan: Plan;
  readonly state: Readonly<State>;
}

/** What somebody published on a topic to which the profile listens. */
export interface Heard {
  topic: string;
  /** At most 4096 bytes of it. */
  payload: string;
  retain: boolean;
  responseTopic: string | null;
  correlationData: Uint8Array | null;
}

type Union<T> = { [K in keyof T]: { type: K } & T[K] }[keyof T];

export type ProfileEvent = Union<{
  /** The agent has started; the broker comes later. */
  started: { at: Instant };
  /** One of its topics: the broker is asked for it now, grants it, or refuses it. */
  listening: { topic: string; step: "asked" | "granted" | "refused" };
  /** A broker is told everything: what the profile publishes now goes out before the states of the pins. */
  birth: { at: Instant };
  /** The configuration, or what is known of the machine, is another one. */
  changed: { at: Instant };
  heard: { message: Heard; at: Instant };
  /** Some of the topics of `watches`, of this profile or another one, were published. */
  told: { said: readonly { topic: string; payload: string }[]; at: Instant };
  "timer-due": { key: string; at: Instant };
  /** The broker has taken what was published with `confirm`. */
  delivered: { topic: string; payload: string };
  offline: { at: Instant };
}>;

/** A write that was observed. */
export interface Write {
  /** Its id. */
  output: string;
  active: boolean;
  cause: Cause;
  at: Instant;
}

export interface ProfilePublication {
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: boolean;
}

export type ProfileEffect = Union<{
  /** `confirm`: comes back as `delivered`. */
  publish: { publication: ProfilePublication; confirm?: true };
  /** A retained topic that nobody owns any more; it is cleared when there is a broker. */
  clear: { topic: string };
  /** What a message on `P/out/<id>/set` would do; answered as that is. */
  command: { output: string; message: Omit<Heard, "topic"> };
  /** Switches off what it has switched on itself, by the agent's own decision: a lock refuses commands, and not this. */
  end: { output: string; cause: string };
  /** The same as a command on `P/rule/<id>/set`. */
  commandRule: { rule: string; message: Omit<Heard, "topic"> };
  /** A key has one timer; starting it again replaces it. */
  startTimer: { key: string; at: Instant };
  stopTimer: { key: string };
  /** Tells the broker everything, as after a connect: first what `birth` brings, then the states. */
  tellAll: unknown;
  /** Remembers a value over a restart; null = forgets it. */
  keep: { id: string; value: Readonly<Record<string, string>> | null };
  log: { level: "error" | "warn" | "info"; message: string };
}>;

/**
 * The convention of somebody else, as a mapping to and from the core. It decides and does nothing: what it wants is done by
 * `agent/profiles.ts`. A profile is made by a function that is given what comes from outside (what was kept, chance); see `docs/profiles.md`.
 */
export interface Profile {
  /**
   * Whole topics to which it listens now; `retained`: also to what was said before the connect; `commands`: this node is not `online` while the broker
   * refuses the subscription; `qos`: 1, unless it is to be 0.
   */
  topics(world: World): readonly { topic: string; retained: boolean; commands?: true; qos?: 0 }[];
  /** Topics of this node of which it wants to know when they are published. */
  watches(world: World): readonly string[];
  /** What was written to an output, whether it has changed by that or not; before `told`. */
  written?(world: World, write: Write): readonly ProfileEffect[];
  step(world: World, event: ProfileEvent): readonly ProfileEffect[];
}
