import type { SimReading } from "../../protocol.ts";

/** What is played around the agent for an example, as data: what happens, what its counterpart answers, and what has to be seen of it. */
export interface Play {
  /** What the counterpart answers by itself, whoever has caused it. */
  answers?: readonly Answer[];
  /** What of the example is another one here, by its path: nobody watches for three minutes. */
  sooner?: Readonly<Record<string, string>>;
  /** Users of the broker, and their passwords. */
  users?: Readonly<Record<string, string>>;
  /** What is there, retained, before the first step. */
  begin?: readonly Expected[];
  steps: readonly Step[];
  /** What is seen when the agent is stopped. */
  end?: readonly Expected[];
}

export interface Step {
  /** What happens, for a person. */
  text: string;
  /** What the counterpart answers from here on, in place of what it answered to the same. */
  answers?: readonly Answer[];
  does: readonly Action[];
  /** It does it again after so long, in ms, while what has to be seen is missing: an answer may come too late. */
  again?: number;
  /** The step ends when all of it was seen; of one topic in this order. */
  sees?: readonly Expected[];
  /** What may not be seen while the step lasts. */
  never?: readonly Expected[];
}

/** A topic, and a part of its payload. `P/` stands for the topics of the agent. */
export type Expected = readonly [topic: string, payload: string];

export interface Answer {
  hears: Expected;
  does: readonly Action[];
}

/** A client of its own comes to the broker. What it hears is seen as `<its name>: <topic>`; its will is retained. */
export interface Guest {
  comes: string;
  as?: Login;
  over?: "ws";
  hears?: string;
  will?: Expected;
}

export interface Login {
  username: string;
  password: string;
}

export type Action =
  /** A button, for 150 ms unless said, with a contact that bounces. */
  | { press: string; for_ms?: number }
  /** A contact that stays as it is, after so long. */
  | { level: string; active: boolean; after_ms?: number }
  /** A meter: so many pulses, ten a second. */
  | { pulses: string; count: number }
  /** What a sensor reads from now on. */
  | { sensor: string; reads: SimReading | "ok" }
  /** A command to an output over MQTT; with an age, one from then. */
  | { set: string; to: string; age_ms?: number }
  /** What somebody else publishes; an answer without a payload repeats what was heard. */
  | { say: string; payload?: string }
  /** Somebody without a user, or with a wrong password, comes to the broker, and has to be refused. */
  | { stranger: true | Login }
  | Guest
  /** What that one publishes. */
  | { guest: string; says: Expected; retain?: boolean }
  /** It says goodbye. */
  | { leaves: string }
  /** Its connection breaks off. */
  | { cut: string }
  /** Why an output is as it is: what `pinbus why` says. */
  | { why: string };
