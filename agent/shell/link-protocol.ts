import type { MqttVersion } from "./link.ts";
import type { LinkProblem } from "./link-problems.ts";

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

  constructor(wanted: "auto" | MqttVersion) {
    this.#settled = wanted !== "auto";
    this.#current = wanted === "auto" ? "5" : wanted;
  }

  get current(): MqttVersion {
    return this.#current;
  }

  /** A connection ended. True: try again at once, with another version. */
  failed(retry: LinkProblem["retry"]): boolean {
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
