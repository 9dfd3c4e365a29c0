import { readFileSync } from "node:fs";
import { headerPins } from "../../gpio/header.ts";
import { joinOwlcms, type OwlcmsOnBroker } from "../twin/owlcms-on-broker.ts";
import { board } from "./board.ts";
import { P } from "./bus.ts";
import { type Case, eventually } from "./cases.ts";
import { run } from "./commands.ts";
import { configure } from "./install.ts";
import { Listener } from "./listener.ts";
import type { Recorder } from "./recorder.ts";
import { header } from "./relays.ts";

/** What a wire did: `warning-3 on`, with the kernel's time in ms. */
interface Move {
  what: string;
  at: number;
}

/** A box as it is delivered, on the lines of a Pi 5: the example, with this machine's broker. */
class Box {
  readonly #recorder: Recorder;
  readonly #lines: ReadonlyMap<string, { gpio: number; low: boolean }>;
  #listener: Listener | undefined;

  private constructor(yaml: string, recorder: Recorder) {
    this.#recorder = recorder;
    const lines = [...yaml.matchAll(/^ {2}([\w-]+): \{ line: pin(\d+)(.*?)\}/gm)];
    this.#lines = new Map(
      lines.map(([, id = "", pin, more = ""]) => [id, { gpio: Number(headerPins.get(Number(pin))), low: more.includes("active: low") }]),
    );
  }

  /** The agent becomes this box; resolves when it is online. */
  static async start(example: string, recorder: Recorder): Promise<Box> {
    const delivered = readFileSync(`config/examples/${example}.yaml`, "utf8");
    const yaml = delivered.replace(/server: [\d.]+/, "server: 127.0.0.1").replace(/^# node: .*/m, "node: machine");
    const box = new Box(yaml, recorder);
    await run("systemctl", "stop", "pinbus.service");
    await configure(yaml);
    box.#listener = await Listener.start(`${P}/#`);
    box.#listener.forget();
    await run("systemctl", "start", "pinbus.service");
    await box.#listener.wait(`${P}/status`, /^online$/);
    recorder.mark();
    return box;
  }

  /** A finger, until the agent has seen it go. */
  async press(input: string): Promise<void> {
    this.#listener?.forget();
    board.pull(this.#line(input).gpio, "down");
    await this.#listener?.wait(`${P}/in/${input}/state`, /^ON$/);
    board.pull(this.#line(input).gpio, "up");
    await this.#listener?.wait(`${P}/in/${input}/state`, /^OFF$/);
  }

  /** What its outputs did since `recorder.mark`, in the order of the kernel. */
  moves(): Move[] {
    const edges = this.#recorder.edges();
    return [...this.#lines]
      .flatMap(([id, { gpio, low }]) =>
        (edges.get(header(gpio)) ?? []).flatMap(({ at, level, by }) =>
          by === "driven" ? [{ what: `${id} ${(level === 1) === low ? "off" : "on"}`, at }] : [],
        ),
      )
      .sort((a, b) => a.at - b.at);
  }

  /** Until all of it was done, in this order, whatever else was done in between. */
  async shows(...expected: string[]): Promise<Move[]> {
    return eventually(`${expected.join(", ")} on the wires`, () => inOrder(this.moves(), expected)).catch((error: Error) => {
      throw new Error(
        `${error.message}; seen: ${this.moves()
          .map(({ what }) => what)
          .join(", ")}`,
      );
    });
  }

  async stop(): Promise<void> {
    await this.#listener?.stop();
  }

  #line(id: string): { gpio: number } {
    const line = this.#lines.get(id);
    if (line === undefined) throw new Error(`the example has no ${id}`);
    return line;
  }
}

/** The first moves that are these, one after the other; undefined when one is missing. */
function inOrder(moves: readonly Move[], expected: readonly string[]): Move[] | undefined {
  const found: Move[] = [];
  let from = 0;
  for (const what of expected) {
    const at = moves.findIndex((move, index) => index >= from && move.what === what);
    const move = moves[at];
    if (move === undefined) return undefined;
    found.push(move);
    from = at + 1;
  }
  return found;
}

const after = (moves: readonly Move[], from: string, to: string) => {
  const [first, last] = inOrder(moves, [from, to]) ?? [];
  return first && last ? `${from} → ${to} ${Math.round(last.at - first.at)} ms` : `no ${from} → ${to}`;
};

/** The boxes of a competition, as the examples have them, beside a twin of owlcms on Debian's mosquitto. */
export function competitionCases(recorder: Recorder): Case[] {
  let twin: OwlcmsOnBroker | undefined;
  let box: Box | undefined;
  const owlcms = () => {
    if (twin === undefined) throw new Error("there is no owlcms");
    return twin;
  };
  const say = (topic: string, payload: string) =>
    run("mosquitto_pub", "-h", "127.0.0.1", "-q", "1", "-t", `owlcms/${topic}`, "-m", payload);
  /** Until owlcms has said it once more than before. */
  const hears = async (words: string, does: () => Promise<unknown>) => {
    const count = () => owlcms().said.filter((line) => line === words).length;
    const before = count();
    await does();
    await eventually(`owlcms says ${words}`, () => count() > before);
  };

  return [
    {
      name: "a hub of three referees: the flash of the start is on every light for a second",
      run: async () => {
        box = await Box.start("owlcms-hub", recorder);
        twin = await joinOwlcms("mqtt://127.0.0.1", { platforms: ["A", "B"], jurySize: 3 });
        for (const light of ["warning-1", "warning-3", "confirmed-2", "down-light"]) await box.shows(`${light} on`, `${light} off`);
        console.log(`# ${after(box.moves(), "warning-1 on", "warning-1 off")} (1,000)`);
      },
    },
    {
      name: "an attempt: confirmations, a reminder, a reversal that makes the majority, and the down signal, while another platform is busy",
      run: async () => {
        const hub = box as Box;
        recorder.mark();
        await hears("fop/resetDecisions/A=reset", () => say("clock/A", "start"));
        await hub.press("good-1");
        await hub.shows("confirmed-1 on");
        await hub.press("bad-2");
        await hub.shows("confirmed-1 on", "confirmed-2 on", "warning-3 on");
        await say("clock/B", "start");
        for (const words of ["1 good", "2 good", "3 good"]) await say("refbox/decision/B", words);
        await hears("fop/summon/B=3", () => say("jurybox/summon/B", "all"));
        await hears("fop/down/A=", () => hub.press("bad-1"));
        await hub.shows("warning-3 on", "down-light on");
        await hears("fop/refereesDecision/A=bad", () => hub.press("bad-3"));
        const order = ["confirmed-1 on", "confirmed-2 on", "warning-3 on", "down-light on", "warning-3 off", "confirmed-3 on"];
        await hub.shows(...order);
        await hub.shows("down-horn on", "down-horn off");
        await hub.shows("down-light on", "down-light off");
        const moves = hub.moves();
        const count = (what: string) => moves.filter((move) => move.what === what).length;
        for (const [what, times] of Object.entries({ "down-light on": 1, "warning-1 on": 0, "warning-2 on": 0, "warning-3 on": 1 }))
          if (count(what) !== times) throw new Error(`${what} ${count(what)} times: ${moves.map((move) => move.what).join(", ")}`);
        // Three, as `test/agent/profile/owlcms.test.ts` shows with a clock that is passed in; two of them merge when this machine stands still.
        if (count("buzzer-3 on") < 1 || count("buzzer-3 on") > 3) throw new Error(`the buzzer beeped ${count("buzzer-3 on")} times`);
        console.log(
          `# ${[
            `${after(moves, "confirmed-2 on", "warning-3 on")} (1,500)`,
            `${after(moves, "buzzer-3 on", "buzzer-3 off")} (100)`,
            `${after(moves, "down-light on", "down-light off")} (2,000)`,
            after(moves, "down-light on", "down-horn on"),
          ].join("; ")}`,
        );
      },
    },
    {
      name: "a referee who is summoned sees it",
      run: async () => {
        recorder.mark();
        await hears("fop/summon/A=2", () => say("jurybox/summon/A", "2"));
        await (box as Box).shows(...Array.from({ length: 5 }, () => ["warning-2 on", "warning-2 off"]).flat());
      },
    },
    {
      name: "owlcms restarts in the middle of an attempt: nothing is left of it, and the next one works",
      run: async () => {
        const hub = box as Box;
        await hears("fop/resetDecisions/A=reset", () => say("clock/A", "start"));
        await hub.press("good-1");
        await hears("fop/down/A=", () => hub.press("good-2"));
        recorder.mark();
        await owlcms().restart();
        await hub.shows("warning-3 on", "warning-3 off");
        // The box asks, and owlcms hears again.
        await eventually("owlcms is asked", () => owlcms().said.at(-1)?.startsWith("fop/config"));
        recorder.mark();
        await hears("fop/resetDecisions/A=reset", () => say("clock/A", "start"));
        await hub.press("good-3");
        await hub.shows("confirmed-3 on", "confirmed-3 off");
        const wrong = hub.moves().find(({ what }) => /^(warning|buzzer|down)/.test(what) && what.endsWith(" on"));
        if (wrong) throw new Error(`${wrong.what}, of an attempt that owlcms has forgotten`);
        await hub.stop();
      },
    },
    {
      name: "the jury: a vote is green, and white or red when all have voted; the next attempt ends it",
      run: async () => {
        box = await Box.start("owlcms-jury", recorder);
        const jury = box;
        await eventually("owlcms is asked", () => owlcms().said.at(-1)?.startsWith("fop/config"));
        for (const vote of ["good-1", "good-2", "bad-3"]) {
          await jury.press(vote);
          await jury.shows(`green-${vote.at(-1)} on`);
        }
        await jury.shows("green-3 on", "white-1 on");
        await jury.shows("white-2 on");
        await jury.shows("red-3 on");
        const early = jury.moves().find(({ what }) => what === "white-3 on" || what === "red-1 on");
        if (early) throw new Error(`${early.what}: another vote than was given`);
        console.log(`# ${after(jury.moves(), "green-3 on", "white-1 on")} (200)`);
        await hears("fop/juryDeliberation/A=", () => jury.press("deliberation"));
        await hears("fop/summon/A=2", () => jury.press("summon-2"));
        await hears("fop/startLifting/A=", () => jury.press("resume"));
        await say("fop/resetDecisions/A", "reset");
        await jury.shows("white-1 on", "white-1 off");
        await jury.shows("red-3 on", "red-3 off");
        await jury.stop();
      },
    },
    {
      name: "the timekeeper: buttons that start and stop, and the horn at its warnings",
      run: async () => {
        box = await Box.start("owlcms-timekeeper", recorder);
        const keeper = box;
        const bus = await Listener.start("owlcms/#");
        for (const [button, word] of [
          ["one-minute", "60"],
          ["start", "start"],
          ["stop", "stop"],
        ] as const) {
          await keeper.press(button);
          await bus.wait("owlcms/clock/A", new RegExp(`^${word}$`));
        }
        await bus.stop();
        recorder.mark();
        await say("fop/timeRemaining/A", "30");
        await keeper.shows("horn on", "horn off", "horn on", "horn off");
        await say("fop/timeRemaining/A", "0");
        await keeper.shows("horn on", "horn off", "horn on", "horn off", "horn on", "horn off");
        const horn = keeper.moves();
        if (horn.length !== 6) throw new Error(horn.map(({ what }) => what).join(", "));
        const long = Math.round((horn[5]?.at ?? 0) - (horn[4]?.at ?? 0));
        console.log(`# ${after(horn, "horn on", "horn off")}; at the end ${long} ms (1,000)`);
        await keeper.stop();
        await owlcms().stop();
      },
    },
  ];
}
