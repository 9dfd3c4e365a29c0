/** Milliseconds, from section 4 of the contract. */
const timing = { reminder: 1500, reminderLife: 20_000, reversal: 3000, reveal: 200, startup: 1000 } as const;

export interface OwlcmsOptions {
  platforms: readonly string[];
  jurySize?: number;
  say(topic: string, payload: string): void;
  /** The clock that is passed in: runs something later. */
  after(ms: number, run: () => void): void;
}

/** Plays the MQTT side of owlcms on any broker, or without one: from the contract and its recordings, without a line of owlcms. */
export class Owlcms {
  readonly #options: OwlcmsOptions;
  readonly #platforms: ReadonlyMap<string, Platform>;
  #jurySize: number;
  #listens = false;
  /** What belongs to a run before a restart is not done. */
  #run = 0;

  constructor(options: OwlcmsOptions) {
    this.#options = options;
    this.#jurySize = options.jurySize ?? 3;
    this.#platforms = new Map(
      options.platforms.map((name) => [
        name,
        new Platform({
          say: (topic, payload = "") => options.say(topic.replace("*", name), payload),
          after: (ms, run) => this.#after(ms, run),
          jurySize: () => this.#jurySize,
        }),
      ]),
    );
  }

  /** The flash of the start; only then does it listen (fact 2). A restart forgets every attempt. */
  start(): void {
    this.#run++;
    this.#listens = false;
    for (const platform of this.#platforms.values()) platform.forget();
    const flash = (word: string) => {
      for (const name of this.#platforms.keys())
        for (const topic of [`owlcms/fop/startup/${name}`, `owlcms/led/${name}`]) this.#options.say(topic, word);
    };
    flash("on");
    this.#after(timing.startup, () => {
      flash("off");
      this.#listens = true;
    });
  }

  /** Another size of the jury; owlcms tells it to everybody. */
  set jurySize(size: number) {
    this.#jurySize = size;
    this.#tellConfig();
  }

  /** Whatever comes on a topic; what is not for owlcms changes nothing. */
  hear(topic: string, payload: string): void {
    if (!this.#listens) return;
    if (topic === "owlcms/config") {
      this.#tellConfig();
      return;
    }
    const levels = topic.split("/");
    const platform = this.#platforms.get(levels.at(-1) ?? "");
    if (levels[0] === "owlcms" && platform) platform.hear(levels.slice(1, -1).join("/"), payload.trim());
  }

  #tellConfig(): void {
    const answer = { jurySize: this.#jurySize, platforms: [...this.#platforms.keys()], version: "stub-51.0.0" };
    for (const _ of this.#platforms.keys()) this.#options.say("owlcms/fop/config", JSON.stringify(answer));
  }

  #after(ms: number, run: () => void): void {
    const now = this.#run;
    this.#options.after(ms, () => {
      if (now === this.#run) run();
    });
  }
}

interface Voice {
  /** `*` stands for the platform. */
  say(topic: string, payload?: string): void;
  after(ms: number, run: () => void): void;
  jurySize(): number;
}

class Platform {
  readonly #voice: Voice;
  /** A decision counts only while an attempt is under way. */
  #attempt = false;
  #decisions = new Map<number, boolean>();
  #votes = new Map<number, boolean>();
  #down = false;
  #inBreak = false;
  /** Of the clock. */
  #seconds = 60;
  #attempts = 0;
  #starts = 0;

  constructor(voice: Voice) {
    this.#voice = voice;
  }

  forget(): void {
    this.#attempt = false;
    this.#inBreak = false;
    this.#seconds = 60;
    this.#newAttempt();
  }

  hear(topic: string, text: string): void {
    const words = text.split(" ");
    const number = /^\d$/.test(words[0] ?? "") ? Number(words[0]) : -1;
    const good = words.at(-1) === "good";
    if (topic === "refbox/decision" || topic === "decision") this.#decide(number, good);
    else if (topic === "refbox/downEmitted") this.#down = true;
    else if (topic === "clock") this.#clock(text.toLowerCase());
    else if (topic === "jurybox/juryMember/decision") this.#vote(number, good);
    else if (topic === "jurybox/summon") this.#summon(text);
    else if (topic === "jurybox/break") this.#break(text.toLowerCase());
  }

  #newAttempt(): void {
    this.#attempts++;
    this.#decisions = new Map();
    this.#votes = new Map();
    this.#down = false;
  }

  #clock(word: string): void {
    this.#starts++;
    if (word === "60" || word === "120") this.#seconds = Number(word);
    if (word !== "start") return;
    if (!this.#attempt) {
      this.#newAttempt();
      this.#attempt = true;
      this.#voice.say("owlcms/fop/resetDecisions/*", "reset");
    }
    const start = this.#starts;
    for (const left of [90, 30, 0])
      if (left < this.#seconds)
        this.#voice.after((this.#seconds - left) * 1000, () => {
          if (start === this.#starts) this.#voice.say("owlcms/fop/timeRemaining/*", String(left));
        });
  }

  #decide(number: number, good: boolean): void {
    if (!this.#attempt || number < 0 || number > 3) return;
    const { size } = this.#decisions;
    for (const referee of number === 0 ? [1, 2, 3] : [number]) this.#decisions.set(referee, good);
    const decided = [...this.#decisions].sort(([a], [b]) => a - b);
    for (const [referee, word] of decided) this.#voice.say("owlcms/fop/decision/*", `${referee} ${word ? "good" : "bad"}`);
    const goods = decided.filter(([, word]) => word).length;
    if (!this.#down && (goods >= 2 || decided.length - goods >= 2)) {
      this.#down = true;
      this.#voice.say("owlcms/fop/down/*");
    }
    if (decided.length === 2 && size < 2) this.#inThis(timing.reminder, () => this.#remind());
    if (decided.length === 3 && size < 3) this.#inThis(timing.reversal, () => this.#result());
  }

  #remind(): void {
    const missing = [1, 2, 3].filter((referee) => !this.#decisions.has(referee));
    const [referee] = missing;
    if (missing.length !== 1 || referee === undefined) return;
    this.#voice.say("owlcms/fop/decisionRequest/*", String(referee));
    this.#voice.say(`owlcms/decisionRequest/*/${referee}`, "on");
    this.#inThis(timing.reminderLife, () => {
      if (!this.#decisions.has(referee)) this.#voice.say(`owlcms/decisionRequest/*/${referee}`, "off");
    });
  }

  #result(): void {
    const goods = [...this.#decisions.values()].filter((word) => word).length;
    this.#attempt = false;
    this.#voice.say("owlcms/fop/refereesDecision/*", goods >= 2 ? "good" : "bad");
    this.#voice.say("owlcms/fop/liftingOrderUpdated/*");
  }

  #vote(number: number, good: boolean): void {
    const size = this.#voice.jurySize();
    if (number < 1 || number > size) return;
    const all = this.#votes.size === size;
    this.#votes.set(number, good);
    this.#voice.say("owlcms/fop/juryMemberDecision/*", `${number} hidden`);
    if (all || this.#votes.size < size) return;
    this.#inThis(timing.reveal, () => {
      for (const [member, word] of [...this.#votes].sort(([a], [b]) => a - b))
        this.#voice.say("owlcms/fop/juryMemberDecision/*", `${member} ${word ? "good" : "bad"}`);
    });
  }

  #break(word: string): void {
    if (!["technical", "deliberation", "challenge", "stop"].includes(word)) return;
    this.#inBreak = word !== "stop";
    if (word === "technical") this.#voice.say("owlcms/fop/break/*", "TECHNICAL");
    else if (word === "deliberation") this.#voice.say("owlcms/fop/juryDeliberation/*");
    else if (word === "challenge") this.#voice.say("owlcms/fop/challenge/*");
    else this.#voice.say("owlcms/fop/startLifting/*");
  }

  #summon(who: string): void {
    const officials = who === "all" ? [1, 2, 3] : who === "controller" ? [4] : /^[123]$/.test(who) ? [Number(who)] : [];
    if (officials.length === 0) return;
    if (!this.#inBreak && who !== "controller") this.#break("deliberation");
    for (const official of officials) {
      this.#voice.say("owlcms/fop/summon/*", String(official));
      this.#voice.say(`owlcms/summon/*/${official}`, "on");
    }
  }

  /** Later, unless another attempt has begun. */
  #inThis(ms: number, run: () => void): void {
    const now = this.#attempts;
    this.#voice.after(ms, () => {
      if (now === this.#attempts) run();
    });
  }
}

/** A clock that goes when it is told to. */
export class PassedClock {
  now = 0;
  #due: { at: number; run: () => void }[] = [];

  after(ms: number, run: () => void): void {
    this.#due.push({ at: this.now + ms, run });
    this.#due.sort((a, b) => a.at - b.at);
  }

  /** When something is due next. */
  get next(): number {
    return this.#due[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  goTo(time: number): void {
    while (this.next <= time) {
      const due = this.#due.shift();
      this.now = due?.at ?? this.now;
      due?.run();
    }
    this.now = time;
  }
}
