import type { AgentEvent, SetRequest } from "../core/model.ts";
import type { OutputPlan } from "../core/output-plan.ts";
import type { OutputState } from "../core/state.ts";
import type { Clock } from "./clock.ts";
import type { Current } from "./current.ts";
import type { Incoming, Publication, Settled } from "./link.ts";
import { PlugEar } from "./plug-ear.ts";
import { PlugFailsafe } from "./plug-failsafe.ts";
import { type Greeting, PlugGreeting } from "./plug-greeting.ts";
import { PlugWishes, type Wish } from "./plug-wishes.ts";

export interface PlugOptions {
  id: string;
  current(): Current;
  /** What was asked for and done, or not: goes before other events. */
  observed(event: AgentEvent): void;
  send(event: AgentEvent): void;
  /** To the broker, in order; lost without a connection. */
  publish(publication: Publication, settled?: Settled): void;
  clock: Clock;
  /** What came makes no sense, or is too much. */
  strange(problem: string): void;
  /** It is to be off when it is heard: an earlier run has not told it, or not while it was another output. */
  owed?: boolean;
  /** Whether it owes an OFF may have changed; before an OFF is sent. */
  looked?(): void;
}

/** An answer takes some ten milliseconds, over bad Wi-Fi a second. */
const answerWithin = 3000;
/** A plug that does not answer is asked again this often; it is heard at once when it connects. */
const askEvery = 5000;
/** One that is offline is asked all the same: of a plug that comes back at once its will may be told behind its `Online`. */
const [askOffline, askOfflineEvery] = [2000, 60_000];
/** Who asked for an ON does not wait for ever. */
const longestWait = 60_000;
/** A plug says `Online` before it subscribes: what is sent to it at once it may not hear. */
const subscribes = 1000;

const offline = "the plug is offline";
const overtaken = "it is to be off again before it went on";

/** What was sent and is not answered; one at a time, so that an answer belongs to it. */
type Sent = ({ type: "set" } & Wish) | ({ type: "begin"; unsent?: string } & Greeting) | { type: "ask" };

/** One plug: says what is wanted there, believes only what it answers, and keeps its PulseTime armed while it is on. */
export class Plug {
  readonly #options: PlugOptions;
  #connected = false;
  /** What its will says; null before that was heard on this connection. */
  #present: boolean | null = null;
  /** As it answered last; undefined while it is not heard. */
  #known: boolean | undefined;
  #sent: Sent | undefined;
  /** It is an ON of which only the PulseTime was sent by now. */
  #arming = false;
  readonly #wishes = new PlugWishes((wish, problem) => this.#fail(wish, problem));
  #why: "start" | "chip" | "reload";
  #unanswered = 0;
  #problem: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #greeting: PlugGreeting;
  readonly #failsafe: PlugFailsafe;
  #later: NodeJS.Timeout | undefined;
  readonly #ear: PlugEar;
  /** It said `Online` although it was not lost, and has not said yet what it is. */
  #restarted = false;
  /** Some of what it said was left out. */
  #missed = false;
  /** For an OFF that is still to be said at the end. */
  #power: string | null = null;
  #idle: (() => void) | undefined;

  constructor(options: PlugOptions, why: "start" | "reload") {
    this.#options = options;
    this.#ear = new PlugEar(options.strange);
    this.#failsafe = new PlugFailsafe({
      ...options,
      publish: (topic, payload, settled) => this.#publish(topic, payload, settled),
      armed: () => this.#armed(),
      unarmed: (problem, silent) => this.#unarmed(problem, silent),
    });
    this.#why = why;
    this.#greeting = new PlugGreeting({ ...options, index: () => this.#index, say: () => this.#begin() }, options.owed === true);
  }

  /** It has not said yet that it is off, and should be. */
  get owesOff(): boolean {
    const { active } = this.#sent?.type === "set" ? this.#sent : {};
    const isTakenBack = this.#output !== undefined && this.#output.retry !== null;
    return this.#greeting.owesOff || isTakenBack || (this.#wishes.last ?? active) === false;
  }

  /** The configuration is another one: what is on ends there as it says now. */
  reloaded(): void {
    if (!this.#arming) this.#failsafe.renew();
  }

  /** A connection to the broker is there, and what comes from the plug is heard. */
  connected(): void {
    this.#connected = true;
    this.#present = null;
    this.#begin();
  }

  disconnected(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#greeting.rest();
    this.#lose("the broker is away, and the plug is not heard without it");
    this.#options.looked?.();
  }

  /** What is answered comes back as an event. */
  write(active: boolean, request: SetRequest): void {
    const wish = { active, request, at: this.#options.clock.now() };
    if (this.#known === undefined) this.#owe(wish);
    // It failed to go on, and goes on now: that it is to go off until it answers is over, or will be said again.
    else if (request.again && this.#goesOn()) this.#fail(wish, this.#output?.problem ?? "it is about to be switched on");
    else if (this.#wishes.add(wish)) {
      if (!active) {
        this.#options.looked?.();
        this.#giveWay();
      }
      this.#next();
    } else this.#fail(wish, "too much waits for the plug");
    this.#options.looked?.();
  }

  /** What came on one of its topics. */
  heard(message: Incoming): void {
    const plan = this.#plan?.plug;
    const said = plan && this.#ear.hear(plan, message, this.#options.clock.now());
    if (said?.what === "present") this.#heardOf(said.present, said.retain);
    else if (said?.what === "relay") this.#answered(said.active);
    else if (said?.what === "armed") {
      this.#unanswered = 0;
      this.#failsafe.confirmed(said.pulseTime);
    }
    // Its last word may be among what was left out.
    else if (said?.what === "too-much") {
      this.#missed = true;
      this.#askSoon();
    }
    this.#options.looked?.();
  }

  /** Resolves when nothing waits for an answer any more. */
  settled(): Promise<void> {
    const waits = this.#sent !== undefined || !this.#wishes.isEmpty;
    if (this.#known === undefined || !waits) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  /** An OFF that nobody has sent yet goes now. */
  close(): void {
    const isOwed = this.#greeting.owesOff || this.#wishes.wants(false);
    if (this.#connected && this.#power !== null && isOwed) this.#publish(this.#power, "OFF");
    this.#greeting.rest();
    for (const timer of [this.#timer, this.#later]) clearTimeout(timer);
    this.#wishes.rest();
    this.#failsafe.close();
    this.#idle?.();
  }

  get #index(): number {
    return this.#options.current().plan.outputIndex.get(this.#options.id) ?? -1;
  }

  get #output(): Readonly<OutputState> | undefined {
    return this.#options.current().state.outputs[this.#index];
  }

  get #plan(): OutputPlan | undefined {
    return this.#options.current().plan.outputs[this.#index];
  }

  /** What its will says, or it itself when it connects. */
  #heardOf(present: boolean, retain: boolean): void {
    this.#present = present;
    if (!present) {
      this.#lose(offline);
      this.#beginIn(askOffline);
    } else if (this.#known === undefined) {
      this.#greeting.begin();
      this.#askSoon();
    } else if (!retain) {
      this.#restarted = true;
      this.#askSoon();
    }
  }

  #begin(): void {
    if (this.#connected) this.#say({ type: "begin", ...this.#greeting.words });
  }

  #answered(active: boolean): void {
    this.#unanswered = 0;
    const [sent, restarted] = [this.#sent, this.#restarted];
    this.#restarted = false;
    if (sent?.type === "begin") {
      if (sent.active === null || sent.active === active) this.#found(active, sent);
    } else if (this.#known === undefined) {
      // Whatever its will said: it is there.
      this.#present = null;
      this.#greeting.begin();
    } else if (restarted && active && !this.#known && (sent?.type !== "set" || this.#arming)) {
      // On at its power-on is nobody's wish.
      this.#lose("the plug has restarted");
      this.#greeting.begin();
    } else if (sent?.type === "set" && sent.active === active && !this.#arming) {
      this.#over();
      this.#known = active;
      if (!active) this.#failsafe.rest();
      this.#observe({ type: "output-written", active, request: sent.request });
      this.#next();
    } else {
      if (sent?.type === "ask") this.#over();
      this.#moved(active);
      this.#next();
    }
  }

  #found(active: boolean, { active: told, missed, unsent }: Greeting & { unsent?: string }): void {
    const wasArming = this.#arming;
    this.#over();
    [this.#known, this.#present, this.#problem] = [active, null, null];
    const ends = this.#greeting.endsAt;
    this.#greeting.over();
    const why = this.#why;
    this.#why = "chip";
    const { send, clock } = this.#options;
    const unstarted = !active && unsent !== undefined && { unsent };
    const more = { ...(active && ends !== null && { ends }), ...(missed && { missed }), ...unstarted, ...this.#goes };
    send({ type: "output-opened", output: this.#index, active, why, at: clock.now(), ...more });
    // What it was on for before it was lost still ends it.
    if (active && (told === null || wasArming || ends !== null)) this.#failsafe.arm(null);
    this.#next();
  }

  /** Nobody here has asked for it. */
  #moved(active: boolean): void {
    if (active === this.#known) return;
    this.#known = active;
    if (!this.#arming) this.#failsafe.rest();
    const { send, clock } = this.#options;
    send({ type: "plug-moved", output: this.#index, active, at: clock.now(), ...this.#goes });
    // The PulseTime there may be that of a pulse.
    if (active && !this.#arming) this.#failsafe.arm(null);
  }

  /** The ON that may go out now does. */
  #armed(): void {
    this.#tellArmed(null);
    if (!this.#arming) return;
    this.#arming = false;
    this.#sayPower(true);
  }

  /** An ON does not go out without its failsafe. */
  #unarmed(problem: string, silent: boolean): void {
    const sent = this.#arming ? this.#sent : undefined;
    if (sent) this.#over();
    this.#tellArmed(problem);
    if (sent && silent) this.#unanswered++;
    if (sent?.type === "begin") this.#say({ ...sent, active: null, unsent: problem });
    else if (sent?.type === "set") {
      this.#fail(sent, problem, true);
      this.#failsafe.renew();
      this.#next();
      // Is it there at all?
      if (silent && this.#sent === undefined) this.#say({ type: "ask" });
    }
    this.#options.looked?.();
  }

  #tellArmed(problem: string | null): void {
    const { send, clock } = this.#options;
    if ((this.#output?.unarmed ?? null) !== problem) send({ type: "plug-armed", output: this.#index, problem, at: clock.now() });
  }

  /** To an OFF, by an ON that has not gone out yet. */
  #giveWay(): void {
    const sent = this.#arming ? this.#sent : undefined;
    if (sent?.type !== "set") return;
    this.#over();
    this.#fail(sent, overtaken, true);
  }

  #next(): void {
    if (this.#sent !== undefined || this.#known === undefined) return;
    const wish = this.#wishes.take();
    const objection = wish && this.#objection(wish);
    if (wish === undefined) this.#idle?.();
    else if (objection == null) this.#say({ type: "set", ...wish });
    else {
      this.#fail(wish, objection, true);
      this.#next();
    }
  }

  /** Why an ON is not sent any more. */
  #objection({ active, at }: Wish): string | null {
    const { clock, current } = this.#options;
    if (active && this.#wishes.wants(false)) return overtaken;
    if (active && clock.now() - at > current().plan.commandTtl) return "it waited for too long";
    return active && this.#output?.locked === true ? "it was locked meanwhile" : null;
  }

  /** Once more, in a moment: what it is, or what it is to be. */
  #askSoon(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      if (this.#known === undefined) this.#greeting.begin();
      else if (this.#sent === undefined && (this.#restarted || this.#missed)) this.#say({ type: "ask" });
      this.#missed = false;
    }, subscribes);
  }

  #goesOn(): boolean {
    return (this.#sent?.type === "set" && this.#sent.active) || this.#wishes.wants(true);
  }

  #say(sent: Sent): void {
    const plan = this.#plan?.plug;
    if (!plan) return;
    this.#over();
    this.#power = plan.power;
    this.#sent = sent;
    const active = sent.type === "ask" ? null : sent.active;
    this.#arming = active === true;
    if (active) this.#failsafe.arm(sent.type === "set" ? sent.request.pulse : null);
    else this.#sayPower(active);
  }

  /** Null: it is asked. */
  #sayPower(active: boolean | null): void {
    this.#timer = setTimeout(() => {
      this.#notAnswered();
      this.#options.looked?.();
    }, answerWithin);
    if (this.#power !== null) this.#publish(this.#power, active === null ? "" : active ? "ON" : "OFF");
  }

  #publish(topic: string, payload: string, settled?: Settled): void {
    this.#options.publish({ kind: "answer", topic, payload, qos: 1, retain: false }, settled);
  }

  #over(): void {
    clearTimeout(this.#timer);
    if (this.#arming) this.#failsafe.rest();
    [this.#sent, this.#arming] = [undefined, false];
  }

  #notAnswered(): void {
    const sent = this.#sent;
    this.#sent = undefined;
    const problem = this.#present === false ? offline : "the plug does not answer";
    this.#unanswered++;
    if (sent?.type === "set" && this.#unanswered === 1) {
      this.#fail(sent, `the plug did not confirm it within ${answerWithin / 1000} s`);
      this.#next();
      return;
    }
    if (sent?.type === "ask" && this.#unanswered === 1) {
      this.#say(sent);
      return;
    }
    if (sent?.type === "set") {
      this.#greeting.owesOff = true;
      this.#fail(sent, problem);
    }
    this.#lose(problem);
    this.#beginIn(this.#present === false ? askOfflineEvery : askEvery);
  }

  #beginIn(ms: number): void {
    this.#timer = setTimeout(() => this.#begin(), ms);
  }

  /** It is not known any more what it does. */
  #lose(problem: string): void {
    const { send, clock } = this.#options;
    clearTimeout(this.#timer);
    this.#failsafe.rest();
    const [output, sent, known] = [this.#output, this.#sent, this.#known];
    [this.#sent, this.#arming, this.#known] = [undefined, false, undefined];
    if (known !== undefined && output) {
      const missed = [...(sent?.type === "set" ? [sent] : []), ...this.#wishes.takeAll()];
      // A movement does not go on by itself; nobody knows what became of what was sent.
      if (output.pulseEnds !== null || output.retry !== null || missed.length > 0) this.#greeting.owesOff = true;
      this.#greeting.endsAt = output.maxOnEnds;
      for (const wish of missed) this.#fail(wish, problem);
    }
    this.#idle?.();
    if (this.#problem === problem) return;
    this.#problem = problem;
    send({ type: "output-lost", output: this.#index, problem, at: clock.now() });
  }

  /** While it is not heard OFF is never forgotten, and ON waits for as long as a command may be old. */
  #owe(wish: Wish): void {
    this.#wishes.drop("a newer command came before the plug was heard");
    this.#wishes.rest();
    if (!wish.active) {
      this.#greeting.owesOff = true;
      this.#options.looked?.();
      const { stopping } = this.#options.current().state;
      // The ON of its start may be on its way to it; at a stop `close` says OFF.
      if (!stopping && this.#sent?.type === "begin" && this.#sent.active !== false) this.#begin();
      else if (this.#greeting.waits) this.#greeting.begin();
      const then = stopping ? "only its failsafe ends it now" : "it is switched off as soon as it is heard";
      this.#fail(wish, `${this.#problem ?? "the plug was not heard yet"}; ${then}`);
      return;
    }
    this.#wishes.keep(wish, Math.min(this.#options.current().plan.commandTtl, longestWait), () => {
      if (this.#known === undefined) this.#wishes.drop(this.#problem ?? "the plug was not heard yet");
    });
  }

  /** Where it goes after what is told now; a partner waits for that. */
  get #goes(): { next?: boolean } {
    const next = this.#wishes.last ?? (this.#sent?.type === "set" ? this.#sent.active : undefined);
    return next === undefined ? {} : { next };
  }

  /** `unsent`: the plug does not know of it. */
  #fail({ active, request }: Wish, problem: string, unsent = false): void {
    this.#observe({ type: "output-failed", active, request, problem, ...(unsent && { unsent }) });
  }

  #observe(
    result:
      | { type: "output-written"; active: boolean; request: SetRequest }
      | { type: "output-failed"; active: boolean; request: SetRequest; problem: string; unsent?: boolean },
  ): void {
    this.#options.observed({ ...result, output: this.#index, at: this.#options.clock.now(), ...this.#goes });
  }
}
