import { Worker } from "node:worker_threads";
import { backoffDelay, defaultBackoff } from "../core/backoff.ts";
import type { Log } from "../shell/log.ts";
import type { ExpressionInput, ExpressionResult, FromExpressions, Question } from "./terms.ts";

export interface ExpressionsOptions {
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  /** How long one evaluation may take, in ms. */
  deadline?: number;
  /** What runs in the thread; default: the expressions. */
  program?: URL;
}

export type Answered = (results: readonly ExpressionResult[]) => void;

interface Job {
  key: string;
  expressions: readonly string[];
  input: ExpressionInput;
  answered: Answered;
}

const usualDeadline = 1000;
/** A busy machine needs a while to start a thread. */
const startDeadline = 20_000;
/** What an evaluation may take; beyond it the thread ends, and not the agent. */
const limits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 };
const maxWaiting = 256;
/** A key whose evaluations do not end rests: twice as long each time. */
const rest = { first: 1000, most: 60_000 };

/**
 * Evaluates expressions in one thread, one after the other. Of each key only the newest question waits. An evaluation that takes too long, or
 * too much memory, ends with the thread, which is started anew; nobody else waits for that. Nothing runs before the first question.
 */
export class Expressions {
  readonly #options: ExpressionsOptions;
  readonly #waiting = new Map<string, Job>();
  readonly #resting = new Map<string, { times: number; until: number }>();
  #worker: Worker | undefined;
  #ready = false;
  #running: Job | undefined;
  #number = 0;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;
  /** Questions to which nobody got an answer, because a newer one came or too many waited. */
  dropped = 0;

  constructor(options: ExpressionsOptions) {
    this.#options = options;
  }

  /** `answered` is called at most once, later: not when a newer question of the same key takes its place. */
  ask(key: string, expressions: readonly string[], input: ExpressionInput, answered: Answered): void {
    const resting = this.#resting.get(key);
    if (this.#stopped || (resting && this.#options.now() < resting.until)) {
      this.dropped++;
      return;
    }
    if (this.#waiting.delete(key)) this.dropped++;
    this.#waiting.set(key, { key, expressions, input, answered });
    if (this.#waiting.size > maxWaiting) {
      const [oldest] = this.#waiting.keys();
      if (oldest !== undefined && this.#waiting.delete(oldest)) this.dropped++;
    }
    if (this.#worker === undefined && this.#timer === undefined) this.#start();
    else this.#next();
  }

  /** Nothing is answered any more; resolves when the thread has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    await this.#worker?.terminate();
  }

  #start(): void {
    const { program = new URL("./inside.js", import.meta.url) } = this.#options;
    // Nothing of the agent's own: its notify socket and its secrets are not for expressions.
    const worker = new Worker(program, { env: {}, name: "expressions", resourceLimits: limits });
    worker.unref();
    this.#worker = worker;
    this.#ready = false;
    let why = "it ended";
    this.#limit(worker, startDeadline, () => {
      why = `it was not ready within ${startDeadline / 1000} s`;
    });
    worker.on("message", (message: FromExpressions) => {
      if (worker !== this.#worker) return;
      if (message.tell === "ready") {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#ready = true;
        this.#next();
      } else if (message.number === this.#number && this.#running) this.#answered(message.results);
    });
    worker.on("error", (error) => {
      why = (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY" ? "it took too much memory" : error.message;
    });
    worker.on("exit", () => this.#ended(worker, why));
  }

  #next(): void {
    const worker = this.#worker;
    if (!worker || !this.#ready || this.#running) return;
    const [job] = this.#waiting.values();
    if (job === undefined) return;
    this.#waiting.delete(job.key);
    this.#running = job;
    const { deadline = usualDeadline } = this.#options;
    this.#limit(worker, deadline);
    const question: Question = { number: ++this.#number, expressions: job.expressions, input: job.input };
    worker.postMessage(question);
  }

  /** Ends the thread unless the timer is cleared before. */
  #limit(worker: Worker, ms: number, then: () => void = () => {}): void {
    this.#timer = setTimeout(() => {
      then();
      void worker.terminate();
    }, ms).unref();
  }

  #answered(results: readonly ExpressionResult[]): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const job = this.#running;
    this.#running = undefined;
    this.#failures = 0;
    if (job) {
      this.#resting.delete(job.key);
      job.answered(results);
    }
    this.#next();
  }

  #ended(worker: Worker, why: string): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#worker = undefined;
    const [job, ready] = [this.#running, this.#ready];
    this.#running = undefined;
    this.#ready = false;
    if (this.#stopped) return;
    if (job) {
      const { deadline = usualDeadline, now } = this.#options;
      const times = (this.#resting.get(job.key)?.times ?? 0) + 1;
      this.#resting.set(job.key, { times, until: now() + Math.min(rest.most, rest.first * 2 ** (times - 1)) });
      const problem = why === "it ended" ? `took longer than ${deadline} ms` : `was ended: ${why}`;
      job.answered(job.expressions.map(() => ({ ok: false, problem })));
      if (this.#waiting.size > 0 && this.#worker === undefined) this.#start();
      return;
    }
    this.#options.log.error(`expressions cannot be evaluated: their thread has failed (${why}); it is started again`, {
      event: "expressions-failed",
    });
    if (ready) this.#failures = 0;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (!this.#stopped && this.#waiting.size > 0) this.#start();
      },
      backoffDelay(defaultBackoff, this.#failures++, 1),
    ).unref();
  }
}
