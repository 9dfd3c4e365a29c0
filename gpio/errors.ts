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
