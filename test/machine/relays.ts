import { lineKey, type WireAddress } from "./wires.ts";

/** An output of the test, with all that its contract says; the bits of its number make every mix. */
export interface Relay extends WireAddress {
  id: string;
  /** Active-low. */
  low: boolean;
  start: boolean;
  exit: boolean;
  crash: boolean;
  /** Where the rule puts it before something happens. */
  staged: boolean;
  /** What its wire falls to when nobody drives it. */
  pull: 0 | 1;
  maxOn?: true;
}

/** GPIO number of the button whose rule stages the outputs. */
export const button = 17;
const rp1 = "pinctrl-rp1";

export function header(gpio: number): string {
  return lineKey({ chip: rp1, offset: gpio });
}

const lines: WireAddress[] = [
  // GPIO0 and GPIO1 are the board's own.
  ...Array.from({ length: 54 }, (_, offset) => ({ chip: rp1, offset })).filter(({ offset }) => offset > 1 && offset !== button),
  ...Array.from({ length: 32 }, (_, offset) => ({ chip: "gpio-brcmstb@107d508500", offset })),
];

const all: Relay[] = lines.map((address, number) => {
  const bit = (at: number) => ((number >> at) & 1) === 1;
  return {
    ...address,
    id: `o${number}`,
    start: bit(0),
    exit: bit(1),
    crash: bit(2),
    staged: bit(3),
    pull: bit(4) ? 1 : 0,
    low: bit(5),
  };
});

export const relays: Relay[] = all.slice(0, 60);
/** Lines that nobody holds at first. */
export const spare: Relay[] = all.slice(60);

/** Half of the numbers below 60 have an even number of bits, so both halves hold every mix but one. */
function changed({ id }: Relay): boolean {
  return [...Number(id.slice(1)).toString(2)].filter((bit) => bit === "1").length % 2 === 1;
}

/**
 * The outputs after a reload that leaves 30 as they are and changes 30: a limit, the active level, the line, gone, other states of the
 * contract; and adds 6. `touched`: for each line that this moves, which output held it and which one gets it.
 */
export function afterReload(): { next: Relay[]; touched: Map<string, [old: Relay | undefined, fresh: Relay | undefined]> } {
  const touched = new Map<string, [Relay | undefined, Relay | undefined]>();
  const free = [...spare];
  let turn = 0;
  const next = relays.flatMap((relay): Relay[] => {
    if (!changed(relay)) return [relay];
    switch (turn++ % 5) {
      case 0:
        return [{ ...relay, maxOn: true }];
      case 1: {
        const other = { ...relay, low: !relay.low };
        touched.set(lineKey(relay), [relay, other]);
        return [other];
      }
      case 2: {
        const { chip, offset, pull } = free.shift() ?? relay;
        const moved = { ...relay, chip, offset, pull };
        touched.set(lineKey(relay), [relay, undefined]);
        touched.set(lineKey(moved), [undefined, moved]);
        return [moved];
      }
      case 3:
        touched.set(lineKey(relay), [relay, undefined]);
        return [];
      default:
        return [{ ...relay, start: !relay.start, exit: !relay.exit, crash: !relay.crash }];
    }
  });
  const added = free.slice(0, 6);
  for (const relay of added) touched.set(lineKey(relay), [undefined, relay]);
  return { next: [...next, ...added], touched };
}

export function yamlOf(outputs: readonly Relay[]): string {
  const word = (on: boolean) => (on ? "on" : "off");
  const entries = outputs.map(({ id, chip, offset, low, start, exit, crash, maxOn }) => {
    const states = `on_start: ${word(start)}, on_exit: ${word(exit)}, on_crash: ${word(crash)}`;
    return `  ${id}: { line: { chip: "${chip}", offset: ${offset} }, active: ${low ? "low" : "high"}, ${states}${maxOn ? ", max_on: 2h" : ""} }`;
  });
  const actions = outputs.map(({ id, staged }) => `{ output: ${id}, set: ${word(staged)} }`);
  return `node: machine
gpio: { driver: chardev }
mqtt: { server: 127.0.0.1 }
inputs: { button: { line: ${button}, active: low, bias: pull-up } }
outputs:
${entries.join("\n")}
rules: { stage: { when: { input: button, gesture: press }, do: [${actions.join(", ")}] } }
`;
}
