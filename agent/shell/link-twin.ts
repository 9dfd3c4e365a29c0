import type { LinkProblem } from "./link-problems.ts";

/** So many ends without a word within so long, ms, are no accident. */
const [suspicious, within] = [5, 600_000];
/** A connection on which nothing was said for so long, ms, is ended by what is between, or by a broker that ends idle ones: to wait helps nobody then. */
const idle = 20_000;
/** A twin that was sent away is back within its own wait, 60 s with this program; a connection that lasted longer, ms, was not ended by one. */
const longest = 120_000;

/** When things happened to a connection that has ended: monotonic, ms. */
export interface Times {
  now: number;
  /** When something was said last. */
  saidAt: number;
  /** When it was in order; infinite if it never was. */
  openAt: number;
}

/**
 * Two clients with one id end each other's connection for ever. MQTT 5 has a code for that, which mosquitto 2.0 does not send, and 3.1.1 has
 * none: it is guessed from how often a connection ends that was in order. A broker that dies says as little; but it is away then, while one that
 * has sent away somebody's twin takes the next connection.
 */
export class Twin {
  readonly #clientId: string;
  #ends: number[] = [];
  #last: number | undefined;

  constructor(clientId: string) {
    this.#clientId = clientId;
  }

  /** The same problem, or with what may be behind it. */
  judge(problem: LinkProblem, { now, saidAt, openAt }: Times): LinkProblem {
    if (problem.absent === true) {
      // The end before was that of the broker.
      this.#ends = this.#ends.filter((at) => at !== this.#last);
      return problem;
    }
    if (problem.silent !== true || now - saidAt >= idle || now - openAt >= longest) return problem;
    this.#last = now;
    this.#ends = [...this.#ends.filter((at) => now - at < within), now].slice(-suspicious);
    if (this.#ends.length < suspicious) return problem;
    const sentence = `${problem.sentence} again and again, without a reason: is another client with the id ${this.#clientId} there?`;
    return { ...problem, sentence, retry: "slow" };
  }
}
