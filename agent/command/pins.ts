import { headerPin } from "../../gpio/board.ts";
import { LineError } from "../../gpio/errors.ts";
import { openDriver } from "../../gpio/registry.ts";
import { exit } from "../exit.ts";
import type { ChipView } from "../protocol.ts";
import { chipsView } from "../shell/views.ts";
import { withAgent } from "./client.ts";
import { type Command, CommandError, print, readArgs, socketOptions, socketPath } from "./command.ts";

/** `pinbus pins`: what is there and who holds it; from the running agent, else from the kernel directly. Requests no line. */
export const pins: Command = {
  usage: "[--all] [--json]",
  summary: "chips, lines, header position, who holds each line",
  async run(args) {
    const options = { ...socketOptions, all: { type: "boolean" }, json: { type: "boolean" } } as const;
    const { values } = readArgs(args, options, { min: 0, max: 0 });
    const chips = await readChips(socketPath(values));
    if (values.json) print(JSON.stringify(chips));
    else for (const chip of chips) printChip(chip, values.all === true);
    return exit.ok;
  },
};

async function readChips(socket: string): Promise<ChipView[]> {
  try {
    return await withAgent(socket, (client) => client.request("lines", {}));
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== exit.unreachable) throw error;
  }
  try {
    const driver = await openDriver("auto");
    try {
      return chipsView(
        driver.chips(),
        (chip) => driver.lines(chip),
        (address) => headerPin(address) ?? null,
        () => null,
      );
    } finally {
      driver.close();
    }
  } catch (error) {
    if (error instanceof LineError) throw new CommandError(exit.refused, error.message);
    throw error;
  }
}

function printChip({ label, name, lines }: ChipView, all: boolean): void {
  print(`${label} (${name} today), ${lines.length} lines`);
  const shown = lines.filter(({ header, holder, id }) => all || header !== null || holder !== "" || id !== null);
  for (const { offset, name: line, header, holder, direction, id } of shown) {
    const pin = header === null ? "" : `pin ${header}`;
    print(
      `  ${String(offset).padStart(3)}  ${line.padEnd(16)}  ${pin.padEnd(6)}  ${direction.padEnd(6)}  ${holder === "" ? "free" : holder}${id === null ? "" : `  = ${id}`}`.trimEnd(),
    );
  }
  if (shown.length < lines.length) print(`  (${lines.length - shown.length} free lines that are not on the header: --all shows them)`);
}
