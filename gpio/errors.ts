import type { LineAddress } from "./line.ts";
import { messageOf } from "./message-of.ts";

export type LineErrorCode =
  /** Somebody else holds the line. */
  | "busy"
  /** No chip with that label. */
  | "no-chip"
  /** The chip has no such line. */
  | "no-line"
  /** The process may not open the device. */
  | "permission"
  /** The chip was removed while the line was held. */
  | "gone"
  /** The driver or the chip cannot do what was asked (bias, direction). */
  | "unsupported"
  /** The driver itself cannot be used here: its native part is missing. */
  | "no-driver"
  /** Anything else the kernel answered. */
  | "io";

/** What every driver throws. The message says what, where and what to do. */
export class LineError extends Error {
  readonly code: LineErrorCode;
  constructor(code: LineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LineError";
    this.code = code;
  }
}

/** `holder` is the kernel's consumer name; "" or "?" when it is not known. */
export function busyError(address: LineAddress, holder: string, options?: ErrorOptions): LineError {
  const where = `line ${address.offset} of ${address.chip}`;
  if (holder === "sysfs")
    return new LineError("busy", `${where} is exported through sysfs; end the program that did it, or free it in /sys/class/gpio`, options);
  if (holder === "" || holder === "?")
    return new LineError("busy", `${where} is in use by a program without a name; \`gpioinfo\` lists the lines in use`, options);
  if (holder.startsWith("pinbus:"))
    return new LineError(
      "busy",
      `${where} is in use by pinbus itself as ${JSON.stringify(holder.slice(7))}; is a second agent running?`,
      options,
    );
  return new LineError(
    "busy",
    `${where} is in use by ${JSON.stringify(holder)}; end that program or overlay, or choose another line`,
    options,
  );
}

export function noChipError(label: string, present: readonly string[]): LineError {
  const there = present.length > 0 ? `the chips here are ${present.join(", ")}` : "there is no GPIO chip at all";
  return new LineError("no-chip", `no chip is labelled ${label}; ${there}`);
}

export function noLineError(address: LineAddress, lines: number): LineError {
  return new LineError("no-line", `${address.chip} has no line ${address.offset}: it has lines 0 to ${lines - 1}`);
}

export function goneError(address: LineAddress, options?: ErrorOptions): LineError {
  return new LineError(
    "gone",
    `${address.chip} was removed while line ${address.offset} was in use; it is used again when the chip is back`,
    options,
  );
}

export function closedError(address: LineAddress): LineError {
  return new LineError("io", `line ${address.offset} of ${address.chip} was already closed; this is a bug in the caller`);
}

/** `code` of a system error ("EBUSY"), or "" for anything else. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : "";
}

/** For an answer of the kernel that has no code of its own. */
export function ioError(address: LineAddress, doing: string, error: unknown): LineError {
  const reason = messageOf(error);
  return new LineError("io", `could not ${doing} line ${address.offset} of ${address.chip}: ${reason}`, { cause: error });
}
