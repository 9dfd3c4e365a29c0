import type { Config } from "../../config/schema.ts";
import { describeLine, findLine } from "../../gpio/board.ts";
import type { Driver } from "../../gpio/driver.ts";
import type { LineAddress, LineName } from "../../gpio/line.ts";
import { pwmGpios } from "../../gpio/pwm-overlay.ts";

/** Two lines that are joined by a wire: one is driven, the other one listens. */
export interface Pair {
  out: LineAddress;
  in: LineAddress;
}

/** GPIOs that no bus, console or add-on board has by default; neighbours on the header first. */
const plain = [23, 24, 17, 27, 5, 6, 22, 25, 16, 26, 12, 13];

/** Why two lines cannot be taken: a sentence. */
export class PairError extends Error {}

/**
 * The lines that were asked for, else the first two that are free. None is taken that the configuration names, that somebody holds, or that another
 * device may be on. Requests no line. Throws PairError or LineError.
 */
export function choosePair(
  config: Pick<Config, "inputs" | "outputs" | "pwm">,
  driver: Driver,
  asked: { out?: LineName; in?: LineName },
): Pair {
  const taken = configured(config, driver);
  const find = (name: LineName) => {
    const address = findLine(name, driver);
    const why = refusal(address, taken, driver);
    if (why !== undefined) throw new PairError(`${describeLine(address)} ${why}: name another line`);
    return address;
  };
  const [out, listens] = [asked.out && find(asked.out), asked.in && find(asked.in)];
  const free = plain
    .map((gpio) => findLine({ kind: "gpio", gpio }, driver))
    .filter((address) => refusal(address, taken, driver) === undefined && ![out, listens].some((other) => other && same(other, address)));
  const first = out ?? free.shift();
  const second = listens ?? free.shift();
  if (first === undefined || second === undefined) throw new PairError("no two lines of the header are free: stop what holds them");
  if (same(first, second)) throw new PairError(`${describeLine(first)} is named twice: the wire needs two lines`);
  return { out: first, in: second };
}

/** Undefined when the line may be taken. */
function refusal(address: LineAddress, taken: ReadonlyMap<string, string>, driver: Driver): string | undefined {
  const id = taken.get(keyOf(address));
  if (id !== undefined) return `is ${id} of the configuration`;
  const holder = driver.lines(address.chip).find(({ offset }) => offset === address.offset)?.holder ?? "";
  if (holder !== "") return `is held by ${holder}`;
  const header = findLine({ kind: "gpio", gpio: 0 }, driver).chip;
  return address.chip === header && plain.includes(address.offset) ? undefined : "may belong to a bus, a console or an add-on board";
}

/** Each line of the configuration that is there, and whose it is. */
function configured({ inputs, outputs, pwm }: Pick<Config, "inputs" | "outputs" | "pwm">, driver: Driver): Map<string, string> {
  const named: [string, LineName | null][] = [
    ...Object.entries(inputs).flatMap(([id, { line, line_b }]): [string, LineName | null][] => [
      [`input ${id}`, line],
      [`input ${id}`, line_b],
    ]),
    ...Object.entries(outputs).map(([id, { line }]): [string, LineName | null] => [`output ${id}`, line]),
    // Which line a channel of a chip is on, nobody says.
    ...Object.entries(pwm).flatMap(([id, { line }]): [string, LineName][] =>
      line === null ? pwmGpios.map((gpio) => [`perhaps PWM ${id}`, { kind: "gpio", gpio }]) : [[`PWM ${id}`, line]],
    ),
  ];
  const found = new Map<string, string>();
  for (const [id, line] of named) {
    try {
      if (line !== null) found.set(keyOf(findLine(line, driver)), id);
    } catch {
      // It is not there, so that nobody takes it.
    }
  }
  return found;
}

const keyOf = ({ chip, offset }: LineAddress) => `${chip}:${offset}`;
const same = (one: LineAddress, other: LineAddress) => keyOf(one) === keyOf(other);
