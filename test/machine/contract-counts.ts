import { P, retained } from "./bus.ts";
import { type Case, eventually } from "./cases.ts";
import { type Done, type Move, play, press } from "./hand.ts";
import { handedOut, type Recorder } from "./recorder.ts";
import { kill, mainPid, restarted } from "./unit.ts";
import { lineKey } from "./wires.ts";

/** Added to the configuration of the buttons. */
export const countersYaml = `  meter: { line: 16, kind: counter, active: low, bias: pull-up }
  knob: { line: 7, line_b: 8, kind: encoder, active: low, bias: pull-up, steps_per_detent: 4 }
  dial: { line: 9, line_b: 10, kind: encoder, active: low, bias: pull-up, steps_per_detent: 1 }
`;
const meter = 16;

/** Four steps, 1 ms apart: both contacts close and open again, the first one first. */
function turn(first: number, second: number): Move[] {
  return [
    [first, "down", 1000],
    [second, "down", 1000],
    [first, "up", 1000],
    [second, "up", 1000],
  ];
}

export function countCases(recorder: Recorder): Case[] {
  async function value(id: string, name: "pulses" | "position"): Promise<number> {
    const state = JSON.parse((await retained(`${P}/counter/${id}/state`)) || "{}") as Record<string, unknown>;
    return Number(state[name] ?? Number.NaN);
  }

  /** Pulses made, and those of them that the kernel handed out: what comes closer than its interrupt merges before it is numbered. */
  async function pulses(times: number): Promise<{ done: Done; handed: number }> {
    let before = 0;
    const done = await play(
      { moves: press(meter, 0.5, 0.5), times },
      () => false,
      () => {
        recorder.mark();
        before = handedOut();
      },
    );
    const made = recorder
      .touches()
      .filter(({ did, line, level }) => did === "pulled" && level === 0 && line === lineKey({ chip: "pinctrl-rp1", offset: meter }));
    if (made.length !== times || done.edges !== 2 * times) throw new Error(`${made.length} of ${times} pulses were made`);
    return { done, handed: handedOut() - before };
  }

  /** Turns an encoder by 1,000 steps each way: it must count each, and return to where it was. */
  async function turned(id: string, a: number, b: number, detents: number): Promise<void> {
    const before = await value(id, "position");
    const go = async (moves: Move[], to: number): Promise<string> => {
      const { took } = await play(
        { moves, times: 250, paced: true },
        () => false,
        () => {},
      );
      const there = () => value(id, "position");
      await eventually(`position ${to}`, async () => (await there()) === to, 30_000).catch(async (error: Error) => {
        throw new Error(`${error.message}, but ${await there()}`);
      });
      return `${to} after 1,000 steps in ${(took / 1000).toFixed(1)} s`;
    };
    console.log(`# ${before}, ${await go(turn(a, b), before + detents)}, ${await go(turn(b, a), before)}`);
  }

  return [
    {
      name: "an encoder with one step a detent, turned 1,000 steps each way, counts each and returns to where it was",
      run: () => turned("dial", 9, 10, 1000),
    },
    {
      name: "an encoder with four steps a detent, turned 250 detents each way, counts each and returns to where it was",
      run: () => turned("knob", 7, 8, 250),
    },
    {
      name: "a counter at up to 1 kHz for 30 s counts every pulse that the kernel hands out",
      run: async () => {
        const before = await value("meter", "pulses");
        const { done, handed } = await pulses(30_000);
        const rate = (done.edges / 2 / done.took) * 1000;
        const seen = await eventually(
          `${handed} pulses on the bus`,
          async () => {
            const now = (await value("meter", "pulses")) - before;
            return now >= handed && now;
          },
          30_000,
        ).catch(async () => (await value("meter", "pulses")) - before);
        console.log(
          `# ${done.edges / 2} pulses made in ${(done.took / 1000).toFixed(1)} s, ${rate.toFixed(0)} a second; the kernel merged ${done.edges / 2 - handed}; counted ${seen}`,
        );
        if (seen !== handed) throw new Error(`${seen} counted, ${handed} handed out`);
      },
    },
    {
      name: "SIGKILL: the total is the one that was published, and counting goes on from it",
      run: async () => {
        const before = await value("meter", "pulses");
        const pid = await mainPid();
        await kill("SIGKILL");
        await restarted(pid);
        const after = await value("meter", "pulses");
        const { handed } = await pulses(1000);
        await eventually(`${before + handed} pulses`, async () => (await value("meter", "pulses")) === before + handed, 30_000);
        console.log(`# ${before} before, ${after} after, and ${handed} more: ${before + handed}`);
        if (after !== before) throw new Error("the total has changed");
      },
    },
  ];
}
