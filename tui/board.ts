import { type BarePin, barePin, type ChipView, headerPairs, type PinView } from "../agent/protocol.ts";

/** One pin of the picture: its name on the board, and what the configuration or somebody else has there. */
export interface BoardPin extends BarePin {
  /** The input or output that is configured here. */
  used: PinView | undefined;
  /** Who else holds the line. */
  holder: string;
}

type ChipLine = ChipView["lines"][number];

/** The header row by row, odd pins left; null when no chip of this board has lines on a header. */
export function headerRows(chips: readonly ChipView[], pins: readonly PinView[]): [BoardPin, BoardPin][] | null {
  const byPin = new Map<number, BoardPin>();
  for (const chip of chips)
    for (const line of chip.lines) if (line.header !== null && !byPin.has(line.header)) byPin.set(line.header, boardPin(chip, line, pins));
  if (byPin.size === 0) return null;
  // A pin that no chip drives is a supply.
  return headerPairs((pin) => byPin.get(pin) ?? { ...barePin(pin), used: undefined, holder: "" });
}

/** Lines elsewhere that somebody uses; where there is no header, the named ones as well. */
export function otherLines(chips: readonly ChipView[], pins: readonly PinView[], header: boolean): { chip: string; pin: BoardPin }[] {
  return chips.flatMap((chip) =>
    chip.lines
      .filter(({ header: pin, holder, id, name }) => pin === null && (holder !== "" || id !== null || (!header && name !== "")))
      .map((line) => ({ chip: chip.label, pin: boardPin(chip, line, pins) })),
  );
}

/** How many lines the chips have on which pins are configured. */
export function lineCount(chips: readonly ChipView[], pins: readonly PinView[]): number {
  const used = new Set(pins.map(({ chip }) => chip));
  return chips.filter(({ label }) => used.has(label)).reduce((sum, { lines }) => sum + lines.length, 0);
}

/** What the kernel says who has the line of a pin: an overlay's driver, a program, this agent; "" when it says nothing. */
export function holderOf(chips: readonly ChipView[], { chip, offset, id }: PinView): string {
  const holder = chips.find(({ label }) => label === chip)?.lines.find((line) => line.offset === offset)?.holder ?? "";
  return holder === `pinbus:${id}` ? "pinbus" : holder;
}

function boardPin(chip: ChipView, { offset, name, header, holder, id }: ChipLine, pins: readonly PinView[]): BoardPin {
  // The second line of an encoder has the id of the encoder, and no row of its own.
  const used = pins.find((pin) => pin.chip === chip.label && pin.offset === offset) ?? pins.find((pin) => pin.id === id);
  const plain = header === null ? `line ${offset}` : `GPIO${offset}`;
  return { pin: header, label: name === "" ? plain : name, kind: "line", used, holder: used === undefined ? holder : "" };
}
