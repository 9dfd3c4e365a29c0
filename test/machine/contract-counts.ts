import { P, retained } from "./bus.ts";
import { type Case, eventually } from "./cases.ts";
import { type Done, play, press } from "./hand.ts";
import type { Recorder } from "./recorder.ts";
import { kill, mainPid, restarted } from "./unit.ts";
import { lineKey } from "./wires.ts";

/** Added to the configuration of the buttons. */
export const countersYaml = `  meter: { line: 16, kind: counter, active: low, bias: pull-up }
`;
const meter = 16;

export function countCases(recorder: Recorder): Case[] {
  async function value(id: string, name: "pulses"): Promise<number> {
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
        before = recorder.handedOut();
      },
    );
    const made = recorder
      .touches()
      .filter(({ did, line, level }) => did === "pulled" && level === 0 && line === lineKey({ chip: "pinctrl-rp1", offset: meter }));
    if (made.length !== times || done.edges !== 2 * times) throw new Error(`${made.length} of ${times} pulses were made`);
    return { done, handed: recorder.handedOut() - before };
  }

  return [
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
