import { release } from "node:os";
import { describeLine, headerPin } from "../../gpio/board.ts";
import { LineError } from "../../gpio/errors.ts";
import { type LineName, parseLineName } from "../../gpio/line.ts";
import { openDriver } from "../../gpio/registry.ts";
import { openSim } from "../../gpio/sim.ts";
import { SimBoard } from "../../gpio/sim-board.ts";
import { exit } from "../exit.ts";
import { measure, type Row } from "../hardware/measure.ts";
import { choosePair, type Pair, PairError } from "../hardware/pair.ts";
import { wired } from "../hardware/wire.ts";
import { readVersion } from "../version.ts";
import { Asker } from "./asker.ts";
import { CommandError, columns, loadOrFail, print, usageError } from "./command.ts";
import { modelHere } from "./init-questions.ts";

export const hardwareOptions = {
  hardware: { type: "boolean" },
  out: { type: "string" },
  in: { type: "string" },
  yes: { type: "boolean" },
} as const;

type Values = {
  out?: string | undefined;
  in?: string | undefined;
  yes?: boolean | undefined;
  json?: boolean | undefined;
  config?: string | undefined;
};

/** `pinbus doctor --hardware`: what only this board can prove, with one wire between two free pins. A running agent may go on. */
export async function proveHardware(values: Values): Promise<number> {
  const asked = { ...lineOption("out", values.out), ...lineOption("in", values.in) };
  const config = loadOrFail(values, "leave");
  const board = config.gpio.driver === "sim" ? new SimBoard(config.gpio.board) : undefined;
  try {
    const sim = board && openSim(board);
    const driver = sim ?? (await openDriver(config.gpio.driver));
    try {
      const pair = choosePair(config, driver, asked);
      if (!sim) await connected(pair, values);
      let stopped = false;
      const stop = () => {
        stopped = true;
      };
      // The measurement that runs is done to its end, so that both lines are left as inputs.
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
      const about = `pinbus ${readVersion()}, Node.js ${process.version}, Linux ${release()}, ${sim ? "simulated board" : modelHere() || "no Raspberry Pi"}, driver ${driver.name}`;
      if (!values.json) print(`${about}, chip ${pair.out.chip}: ${describeLine(pair.out)} drives, ${describeLine(pair.in)} listens`);
      const rows: Row[] = [];
      for await (const row of measure(sim ? wired(sim, pair) : driver, pair)) {
        rows.push(row);
        if (stopped) break;
      }
      const code = report(about, rows, values.json === true);
      if (stopped) throw new CommandError(exit.refused, "ended before everything was measured");
      return code;
    } finally {
      driver.close();
    }
  } catch (error) {
    if (error instanceof PairError || error instanceof LineError) throw new CommandError(exit.refused, error.message, error);
    throw error;
  }
}

function lineOption(name: "out" | "in", text: string | undefined): { [K in typeof name]?: LineName } {
  if (text === undefined) return {};
  const line = parseLineName(text);
  if (line === undefined) throw usageError(`--${name} takes a line like 23, GPIO23 or pin16, not ${JSON.stringify(text)}`);
  return { [name]: line };
}

/** A person has to join two pins, and nobody else can say whether that is done. */
async function connected(pair: Pair, { yes, json }: Values): Promise<void> {
  if (yes) return;
  if (json || process.stdin.isTTY !== true)
    throw new CommandError(
      exit.refused,
      `join ${describeLine(pair.out)} and ${describeLine(pair.in)} by a wire, with nothing else on them, then say so with --yes`,
    );
  print(
    `This drives ${describeLine(pair.out)} high and low some hundred times. Take off what is connected to it and to ${describeLine(pair.in)}.`,
  );
  print(`Then join header pin ${headerPin(pair.out)} and header pin ${headerPin(pair.in)} by a wire, at best through a resistor of 1 kΩ.`);
  const asker = new Asker(process.stdout);
  try {
    const answer = await asker.line("Is that done? [no]: ");
    if (!/^y(es)?$/i.test(answer?.trim() ?? "")) throw new CommandError(exit.refused, "nothing was driven");
  } finally {
    asker.close();
  }
}

function report(about: string, rows: readonly Row[], json: boolean): number {
  const count = (result: Row["result"]) => rows.filter((row) => row.result === result).length;
  if (json) print(JSON.stringify({ about, rows }));
  else {
    for (const line of columns(rows.map(({ what, result, detail }) => [result, what, detail]))) print(line);
    print("");
    print(`${count("ok")} ok, ${count("not ok")} not ok, ${count("seen")} seen, ${count("unchecked")} unchecked`);
  }
  return count("not ok") === 0 ? exit.ok : exit.failing;
}
