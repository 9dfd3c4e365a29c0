import { newBucket, takeToken } from "../core/token-bucket.ts";
import { maxReply, type PlugPlan, readReply } from "../profile/tasmota/plug.ts";
import type { Incoming } from "./link.ts";

/** What a plug says of itself: its will, or it when it connects; what its relay is; what its PulseTime is; or so much that some of it was left out. */
export type Said =
  | { what: "present"; present: boolean; retain: boolean }
  | { what: "relay"; active: boolean }
  | { what: "armed"; pulseTime: number }
  | { what: "too-much" };

/** Far more than a person at its button and a controller elsewhere make of it. */
const allowance = { burst: 100, every: 20 };

/** Takes from the bus what a plug has to say, within bounds; everything else is counted as strange. */
export class PlugEar {
  readonly #strange: (problem: string) => void;
  readonly #bucket = newBucket(allowance);

  constructor(strange: (problem: string) => void) {
    this.#strange = strange;
  }

  hear(plan: PlugPlan, { topic, payload, retain, cut }: Incoming, at: number): Said | undefined {
    if (!takeToken(this.#bucket, allowance, at)) {
      this.#strange("more than it can have to say");
      return { what: "too-much" };
    }
    const long = cut === true || payload.length > maxReply;
    const text = long ? "" : payload.toString("utf8");
    if (topic === plan.lwt) {
      const word = text.trim();
      return word === "Online" || word === "Offline" ? { what: "present", present: word === "Online", retain } : undefined;
    }
    // It was said at some time: the plug is asked instead.
    if (retain) return undefined;
    const reply = long ? undefined : readReply(plan, topic, text);
    if (reply === undefined) this.#strange("what makes no sense");
    if (typeof reply === "number") return { what: "armed", pulseTime: reply };
    return typeof reply === "boolean" ? { what: "relay", active: reply } : undefined;
  }
}
