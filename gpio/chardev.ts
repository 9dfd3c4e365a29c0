import { readdirSync } from "node:fs";
import { join } from "node:path";
import { permissionError } from "./access.ts";
import type {
  ChipInfo,
  Driver,
  InputHandle,
  InputListener,
  InputRequest,
  LineInfo,
  LineListener,
  OutputHandle,
  OutputRequest,
} from "./driver.ts";
import { busyError, closedError, errnoOf, goneError, ioError, LineError, noChipError, noLineError } from "./errors.ts";
import type { ActiveLevel, Bias, LineAddress } from "./line.ts";
import { messageOf } from "./message-of.ts";
import { flag, loadNative, type Native } from "./native.ts";

/** The kernel cuts more to this without an error (uAPI v2): about a second of a bouncing contact. */
const eventBuffer = 1024;
const fields = 3;

const biasFlag: Record<Bias, number> = {
  "as-is": 0,
  disabled: flag.biasDisabled,
  "pull-up": flag.biasPullUp,
  "pull-down": flag.biasPullDown,
};

/** The kernel's character device, uAPI v2 (Linux 5.10 and later). Throws LineError "no-driver" when the native part is missing. */
export function openChardev(native: Native = loadNative(), devices = "/dev"): Driver {
  return new Chardev(native, devices);
}

class Chardev implements Driver {
  readonly name = "chardev";
  readonly capabilities = { bias: true, kernelTime: true, seqno: true, holder: true, debounce: true };
  readonly #native: Native;
  readonly #devices: string;
  readonly #open = new Set<{ close(): void }>();
  /** One for all lines: each takes out what came before another comes. As long as the kernel's, so nothing that waits is left for later. */
  readonly #events = new Float64Array(eventBuffer * fields);

  constructor(native: Native, devices: string) {
    this.#native = native;
    this.#devices = devices;
  }

  chips(): ChipInfo[] {
    const found = new Map<string, ChipInfo>();
    let refused: LineError | undefined;
    for (const path of this.#paths()) {
      const chip = this.#tryOpen(path);
      if (chip instanceof LineError) refused ??= chip;
      else if (chip) {
        // A Pi 5 has a link gpiochip4 to the same chip: one name of the kernel, listed once.
        const info = this.#native.chipInfo(chip);
        found.set(info.name, { label: info.label, name: info.name, lines: info.lines });
        this.#native.close(chip);
      }
    }
    if (refused && found.size === 0) throw refused;
    return [...found.values()];
  }

  lines(label: string): LineInfo[] {
    return this.#withChip(label, (chip, count) =>
      Array.from({ length: count }, (_, offset) => {
        const { name, consumer, flags } = this.#native.lineInfo(chip, offset);
        const holder = flags & flag.used ? consumer || "?" : "";
        return { offset, name, holder, direction: flags & flag.output ? "output" : "input" };
      }),
    );
  }

  openInput(request: InputRequest, listener: InputListener): InputHandle {
    const rising = request.edges === "falling" ? 0 : flag.edgeRising;
    const falling = request.edges === "rising" ? 0 : flag.edgeFalling;
    const flags = flag.input | rising | falling | biasFlag[request.bias] | activeFlag(request.active);
    const fd = this.#request(request, flags, request.consumer, 0, (request.debounceMs ?? 0) * 1000);
    return this.#keep(new Line(this.#native, fd, request, (line) => this.#open.delete(line)), (line) =>
      line.watch(this.#events, listener, listener),
    );
  }

  openOutput(request: OutputRequest, listener: LineListener): OutputHandle {
    const fd = this.#request(request, flag.output | activeFlag(request.active), request.consumer, request.initial ? 1 : 0);
    return this.#keep(new Line(this.#native, fd, request, (line) => this.#open.delete(line)), (line) => line.watch(this.#events, listener));
  }

  peek(address: LineAddress, active: ActiveLevel): boolean {
    // No direction flag: the kernel leaves direction and level as they are.
    const fd = this.#request(address, activeFlag(active), "pinbus:peek", 0);
    try {
      return this.#native.getValue(fd) === 1;
    } catch (error) {
      throw ioError(address, "read", error);
    } finally {
      this.#native.close(fd);
    }
  }

  close(): void {
    for (const line of this.#open) line.close();
  }

  #keep(line: Line, start: (line: Line) => void): Line {
    this.#open.add(line);
    try {
      start(line);
    } catch (error) {
      line.close();
      throw error;
    }
    return line;
  }

  #request(address: LineAddress, flags: number, consumer: string, level: 0 | 1, debounceUs = 0): number {
    const { offset } = address;
    return this.#withChip(address.chip, (chip, count) => {
      if (offset >= count) throw noLineError(address, count);
      try {
        return this.#native.request(chip, offset, flags, consumer.slice(0, 31), flags & flag.input ? eventBuffer : 0, level, debounceUs);
      } catch (error) {
        switch (errnoOf(error)) {
          case "EBUSY":
            throw busyError(address, this.#native.lineInfo(chip, offset).consumer, { cause: error });
          case "ENODEV":
            throw goneError(address, { cause: error });
          case "ENOTSUP":
          case "EOPNOTSUPP":
            throw new LineError("unsupported", `${address.chip} cannot do what line ${offset} was asked to: change its bias, or debounce`, {
              cause: error,
            });
          default:
            throw ioError(address, "request", error);
        }
      }
    });
  }

  /** Finds the chip by label each time: its number moves, and an open chip would keep an old number taken. */
  #withChip<T>(label: string, use: (chip: number, lines: number) => T): T {
    const present: string[] = [];
    let refused: LineError | undefined;
    for (const path of this.#paths()) {
      const chip = this.#tryOpen(path);
      if (chip instanceof LineError) refused ??= chip;
      if (typeof chip !== "number") continue;
      try {
        const info = this.#native.chipInfo(chip);
        if (info.label === label) return use(chip, info.lines);
        present.push(info.label);
      } finally {
        this.#native.close(chip);
      }
    }
    throw refused ?? noChipError(label, present);
  }

  #tryOpen(path: string): number | LineError | undefined {
    try {
      return this.#native.openChip(path);
    } catch (error) {
      const code = errnoOf(error);
      // Going away at this moment, or a name that is no chip.
      if (code === "ENOENT" || code === "ENODEV" || code === "ENXIO" || code === "ENOTTY") return undefined;
      if (code === "EACCES" || code === "EPERM") return permissionError(path, error);
      return new LineError("io", `could not open ${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  #paths(): string[] {
    const names = readdirSync(this.#devices).filter((name) => /^gpiochip\d+$/.test(name));
    return names.sort((a, b) => Number(a.slice(8)) - Number(b.slice(8))).map((name) => join(this.#devices, name));
  }
}

class Line implements InputHandle, OutputHandle {
  readonly #native: Native;
  readonly #address: LineAddress;
  readonly #closed: (line: Line) => void;
  #fd: number;

  constructor(native: Native, fd: number, address: LineAddress, closed: (line: Line) => void) {
    this.#native = native;
    this.#fd = fd;
    this.#address = { chip: address.chip, offset: address.offset };
    this.#closed = closed;
  }

  /** Outputs are watched too: the descriptor is what tells that the chip went away. */
  watch(events: Float64Array, listener: LineListener, input?: InputListener): void {
    let expected = 1;
    this.#native.watch(this.#fd, events, (count) => {
      if (count < 0) {
        listener.gone();
        return;
      }
      // A listener may close the line in between.
      for (let at = 0; input && at < count * fields && this.#fd >= 0; at += fields) {
        const seqno = events[at + 2] ?? 0;
        // The kernel drops the oldest: the gap is in front of what came (32 bits, so it wraps).
        const lost = (seqno - expected) >>> 0;
        expected = (seqno + 1) >>> 0;
        if (lost > 0) input.lost(lost);
        if (this.#fd >= 0) input.edge({ edge: events[at] === 1 ? "rising" : "falling", atNs: events[at + 1] ?? 0, seqno });
      }
    });
  }

  read(): boolean {
    try {
      return this.#native.getValue(this.#fd) === 1;
    } catch (error) {
      throw this.#explain("read", error);
    }
  }

  write(active: boolean): void {
    try {
      this.#native.setValue(this.#fd, active ? 1 : 0);
    } catch (error) {
      throw this.#explain("write", error);
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#closed(this);
    this.#native.close(fd);
  }

  #explain(doing: string, error: unknown): LineError {
    if (this.#fd < 0) return closedError(this.#address);
    // The kernel answers so for ever on this descriptor, also when the chip is back.
    if (errnoOf(error) === "ENODEV") return goneError(this.#address, { cause: error });
    return ioError(this.#address, doing, error);
  }
}

function activeFlag(active: ActiveLevel): number {
  return active === "low" ? flag.activeLow : 0;
}
