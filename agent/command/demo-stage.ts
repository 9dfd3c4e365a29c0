import type { DemoBox } from "./demo-box.ts";
import { Guests } from "./demo-guests.ts";
import type { Action, Answer, Play, Step } from "./demo-play/play.ts";
import { type Seen, Witness } from "./demo-witness.ts";
import { toldOf } from "./why.ts";

/** The world around the agent of the demo: it does what a step says, and answers as the counterpart. */
export class Stage {
  readonly #box: DemoBox;
  readonly #play: Play;
  readonly #tell: (line: string) => void;
  #witness: Witness | undefined;
  #guests: Guests | undefined;
  #answers: readonly Answer[] = [];

  private constructor(box: DemoBox, play: Play, tell: (line: string) => void) {
    this.#box = box;
    this.#play = play;
    this.#tell = tell;
  }

  /** `tell` gets what an action has to say to a person. */
  static async open(box: DemoBox, play: Play, tell: (line: string) => void): Promise<{ stage: Stage; witness: Witness }> {
    const stage = new Stage(box, play, tell);
    await stage.begin();
    const login = await box.client.request("broker-login", {});
    const witness = await Witness.watch(login, { base: box.client.hello.base, tell, hear: (message) => stage.#hear(message) });
    stage.#witness = witness;
    stage.#guests = new Guests({
      url: login.url,
      ws: box.wsPort === null ? null : `ws://127.0.0.1:${box.wsPort}/mqtt`,
      heard: (guest, topic, payload) => witness.note({ topic: `${guest}: ${topic}`, payload, retain: false }),
    });
    return { stage, witness };
  }

  /** As before the first step. */
  async begin(): Promise<void> {
    this.#answers = this.#play.answers ?? [];
    await this.#guests?.leaveAll();
  }

  async end(): Promise<void> {
    await this.#guests?.leaveAll();
    await this.#witness?.end();
  }

  async perform({ answers = [], does }: Step): Promise<void> {
    const others = this.#answers.filter(({ hears }) => !answers.some((one) => String(one.hears) === String(hears)));
    this.#answers = [...others, ...answers];
    for (const action of does) await this.#perform(action, "");
  }

  #hear(message: Seen): void {
    // What is retained was said before.
    if (message.retain) return;
    for (const { hears, does } of this.#answers) {
      if (!this.#witness?.is(message, hears)) continue;
      // Nobody waits for an answer; without it a step misses what it expects, which says more.
      void (async () => {
        for (const action of does) await this.#perform(action, message.payload);
      })().catch(() => {});
    }
  }

  async #perform(action: Action, heard: string): Promise<void> {
    const { client } = this.#box;
    const guests = this.#guests;
    if ("press" in action) await client.request("sim-press", { input: action.press, for_ms: action.for_ms ?? 150, bounce_ms: 5 });
    else if ("level" in action) {
      const { level: input, active, after_ms = 0 } = action;
      await client.request("sim-play", { steps: [{ after_ms, do: "level", input, active }] });
    } else if ("pulses" in action) await this.#pulse(action.pulses, action.count);
    else if ("sensor" in action) await client.request("sim-sensor", { sensor: action.sensor, to: action.reads });
    else if ("set" in action) await this.#witness?.publish(`P/out/${action.set}/set`, commandOf(action));
    else if ("say" in action) await this.#witness?.publish(action.say, action.payload ?? heard);
    else if ("comes" in action) await guests?.come(action);
    else if ("guest" in action) await guests?.say(action.guest, action.says, action.retain);
    else if ("leaves" in action) await guests?.leave(action.leaves);
    else if ("cut" in action) guests?.cut(action.cut);
    else if ("stranger" in action)
      this.#tell(`    ${(await guests?.refused(action.stranger === true ? undefined : action.stranger)) ?? ""}`);
    else {
      const { why: output } = action;
      const { pins } = await client.request("pins", {});
      const state = pins.find(({ id, kind }) => id === output && kind === "output")?.state ?? "";
      for (const line of toldOf(await client.request("why", { output }), state, new Date())) this.#tell(`    ${line}`);
    }
  }

  async #pulse(input: string, count: number): Promise<void> {
    const level = (after_ms: number, active: boolean) => ({ after_ms, do: "level", input, active }) as const;
    const steps = Array.from({ length: count }, (_, index) => [level(index * 100, true), level(index * 100 + 50, false)]);
    await this.#box.client.request("sim-play", { steps: steps.flat() });
  }
}

/** As text, or with its time when it is an old one. */
function commandOf({ to, age_ms: age }: { to: string; age_ms?: number }): string {
  return age === undefined ? to : JSON.stringify({ state: to, ts: new Date(Date.now() - age).toISOString(), id: "late" });
}
