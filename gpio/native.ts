import { createRequire } from "node:module";
import { dirname } from "node:path";
import { LineError } from "./errors.ts";

/**
 * What `gpio/chardev.c` exports. Handles are file descriptors that it opened. Errors of the kernel are thrown as Error with `code` ("EBUSY")
 * and `errno`; a wrong argument is a TypeError and a handle that is not open is EBADF.
 */
export interface Native {
  openChip(path: string): number;
  chipInfo(chip: number): { name: string; label: string; lines: number };
  lineInfo(chip: number, offset: number): { name: string; consumer: string; flags: number };
  /**
   * One line. `flags` as below; `events`: the size of the kernel's buffer (0: its default of 16); `level`: what an output starts with,
   * logical; `debounceUs`: the debounce period of an input in microseconds (0: none).
   */
  request(chip: number, offset: number, flags: number, consumer: string, events: number, level: 0 | 1, debounceUs: number): number;
  getValue(line: number): number;
  setValue(line: number, level: 0 | 1): void;
  /**
   * Three doubles for each event. Of a line: rising (1 or 0), atNs, seqno of the line; of an input device: type × 65536 + code, atNs, value.
   * A negative count is -errno: the last call.
   */
  watch(handle: number, events: Float64Array, ready: (count: number) => void): void;
  /** An input device (`/dev/input/event3`), with times of CLOCK_MONOTONIC; until `maskDevice` it tells nothing. ENOTTY or EINVAL: it is none. */
  openDevice(path: string): number;
  /** The codes of this type that are told, as a bitmap of whole words of 64 bits; of type 0: the types. The kernel keeps the others away. */
  maskDevice(device: number, type: number, codes: Uint8Array): void;
  /** Of these keys (type 1) or switches (type 5) leaves those in the bitmap that are on now. What waits of this type is not told any more. */
  deviceState(device: number, type: number, codes: Uint8Array): void;
  /** Nobody else gets what the device tells. EBUSY: somebody else has done that. */
  grabDevice(device: number, grabbed: 0 | 1): void;
  close(handle: number): void;
}

/** Bits of `enum gpio_v2_line_flag` in linux/gpio.h. */
export const flag = {
  used: 1,
  activeLow: 1 << 1,
  input: 1 << 2,
  output: 1 << 3,
  edgeRising: 1 << 4,
  edgeFalling: 1 << 5,
  biasPullUp: 1 << 8,
  biasPullDown: 1 << 9,
  biasDisabled: 1 << 10,
} as const;

/**
 * Loads the compiled part for this machine from `prebuilds/`. Throws LineError "no-driver" when there is none for this
 * processor or it cannot be loaded (musl, a foreign file).
 */
export function loadNative(root = packageRoot()): Native {
  const require = createRequire(import.meta.url);
  try {
    const load: (dir: string) => unknown = require("node-gyp-build");
    const native = load(root);
    if (isNative(native)) return native;
    throw new Error("the file that was found is not pinbus's");
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, " ").trim() : String(error);
    throw new LineError(
      "no-driver",
      `the character device driver has no usable part for ${process.platform}-${process.arch} in ${root}/prebuilds (${reason}); ` +
        "set gpio.driver: sysfs to use onoff instead, or build it with `sh gpio/build.sh` in a clone of the repository",
      { cause: error },
    );
  }
}

function packageRoot(): string {
  return dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
}

function isNative(value: unknown): value is Native {
  const names: (keyof Native)[] = [
    "openChip",
    "chipInfo",
    "lineInfo",
    "request",
    "getValue",
    "setValue",
    "watch",
    "close",
    "openDevice",
    "maskDevice",
    "deviceState",
    "grabDevice",
  ];
  return typeof value === "object" && value !== null && names.every((name) => typeof (value as Partial<Native>)[name] === "function");
}
