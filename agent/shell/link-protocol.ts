import type { LinkProblem } from "./link-problems.ts";
import type { MqttVersion } from "./link-terms.ts";

/**
 * Which MQTT version to try. `auto` begins with 5 and turns to 3.1.1 when the broker says that it does not speak 5 (remembered),
 * or closes without an answer. The latter is what a restarting broker does too: it is remembered when it was seen twice, and never
 * of a broker that has spoken 5 before.
 */
export class ProtocolChoice {
  #current: MqttVersion;
  #settled: boolean;
  #spoke5 = false;
  #cause: LinkProblem["retry"] | undefined;
  #silentCloses = 0;
  #told = false;
  /** Whether 3.1.1 is tried with the bit of a bridge, which is none of the standard. `perhaps` = not on the next connection. */
  #bit: "yes" | "perhaps" | "no";

  constructor(wanted: "auto" | MqttVersion, bridge = false) {
    this.#bit = bridge ? "yes" : "no";
    this.#settled = wanted !== "auto";
    this.#current = wanted === "auto" ? "5" : wanted;
  }

  get current(): MqttVersion {
    return this.#current;
  }

  /** Whether to say that we are a bridge, for which MQTT 3.1.1 has no word, but mosquitto and the built-in broker have. */
  get asBridge(): boolean {
    return this.#current !== "5" && this.#bit === "yes";
  }

  /** A connection ended. True: try again at once, with another version. */
  failed(retry: LinkProblem["retry"]): boolean {
    // To a broker that does not know the bit it is an unknown version.
    if (this.asBridge && (retry === "other-version" || retry === "maybe-other-version")) {
      this.#bit = retry === "other-version" ? "no" : "perhaps";
      return true;
    }
    if (this.#bit === "perhaps") this.#bit = "yes";
    if (this.#settled) return false;
    const wasFallback = this.#current === "3.1.1";
    this.#current = "5";
    if (wasFallback) return false;
    if (retry !== "other-version" && !(retry === "maybe-other-version" && !this.#spoke5)) return false;
    this.#current = "3.1.1";
    this.#cause = retry;
    return true;
  }

  /** The broker accepted the connection. Returns what to log, once. */
  greeted(): string | undefined {
    if (this.#settled) return undefined;
    if (this.#current === "5") {
      this.#spoke5 = true;
      return undefined;
    }
    if (this.#cause === "maybe-other-version") this.#silentCloses += 1;
    this.#settled = this.#cause === "other-version" || this.#silentCloses > 1;
    if (this.#told) return undefined;
    this.#told = true;
    return "the broker does not speak MQTT 5: using 3.1.1";
  }
}
