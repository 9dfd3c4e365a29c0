import type { LinkProblem } from "./link-problems.ts";

/** So many ends without a word within so long, ms, are no accident. */
const [suspicious, within] = [5, 600_000];
/** A connection on which nothing was said for so long, ms, is ended by what is between, or by a broker that ends idle ones: to wait helps nobody then. */
const idle = 20_000;

/**
 * Two clients with one id end each other's connection for ever. MQTT 5 has a code for that, which mosquitto 2.0 does not send, and 3.1.1 has
 * none: it is guessed from how often a connection ends that was in order.
 */
export class Twin {
  readonly #clientId: string;
  #ends: number[] = [];

  constructor(clientId: string) {
    this.#clientId = clientId;
  }

  /** The same problem, or with what may be behind it. `now` is monotonic, and so is when something was said last. */
  judge(problem: LinkProblem, now: number, saidAt: number): LinkProblem {
    if (problem.silent !== true || now - saidAt >= idle) return problem;
    this.#ends = [...this.#ends.filter((at) => now - at < within), now].slice(-suspicious);
    if (this.#ends.length < suspicious) return problem;
    const sentence = `${problem.sentence} again and again, without a reason: is another client with the id ${this.#clientId} there?`;
    return { ...problem, sentence, retry: "slow" };
  }
}
