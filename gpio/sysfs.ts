import { closeSync, openSync, readSync } from "node:fs";
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
import { busyError, closedError, errnoOf, goneError, ioError, LineError } from "./errors.ts";
import type { ActiveLevel, Edge, LineAddress } from "./line.ts";
import { monotonicNs } from "./monotonic.ts";
import { loadOnoff, type Onoff, type OnoffGpio } from "./onoff.ts";
import { HeldFolder, presenceMs } from "./presence.ts";
import { attribute, exportLine, findChip, findNumber, root, sysfsChips, tryUnexport } from "./sysfs-tree.ts";

/**
 * The old sysfs interface, through the npm package onoff: no bias, times of reading, no count of lost edges.
 * A request may stand still for up to 200 ms as a plain user, because onoff waits for udev in a loop.
 * Throws LineError "no-driver" when onoff or its compiled part is missing.
 */
export async function openSysfs(load: () => Promise<Onoff> = loadOnoff): Promise<Driver> {
  return new Sysfs(await load());
}

class Sysfs implements Driver {
  readonly name = "sysfs";
  readonly capabilities = { bias: false, kernelTime: false, seqno: false, holder: false, debounce: false };
  readonly #onoff: Onoff;
  /** By the kernel's global number: sysfs itself would let two handles share a line. */
  readonly #open = new Map<number, Line>();
  #presence: NodeJS.Timeout | undefined;

  constructor(onoff: Onoff) {
    this.#onoff = onoff;
  }

  chips(): ChipInfo[] {
    return sysfsChips().map(({ label, name, lines }) => ({ label, name, lines }));
  }

  /** sysfs knows no names, and holders and directions only of exported lines. */
  lines(label: string): LineInfo[] {
    const { base, lines } = findChip(label);
    return Array.from({ length: lines }, (_, offset) => {
      const number = base + offset;
      const direction = attribute(number, "direction");
      const holder = this.#open.get(number)?.consumer ?? (direction === undefined ? "" : "sysfs");
      return { offset, name: "", holder, direction: direction === "out" ? "output" : "input" };
    });
  }

  openInput(request: InputRequest, listener: InputListener): InputHandle {
    if (request.bias !== "as-is")
      throw new LineError(
        "unsupported",
        `sysfs cannot set the bias ${request.bias} of line ${request.offset} of ${request.chip}; set it in config.txt ` +
          `(gpio=${request.offset}=ip,${request.bias === "pull-up" ? "pu" : request.bias === "pull-down" ? "pd" : "np"}) and leave bias out, or set gpio.driver: chardev`,
      );
    if ((request.debounceMs ?? 0) > 0)
      throw new LineError(
        "unsupported",
        `sysfs cannot debounce line ${request.offset} of ${request.chip}; write a time instead of kernel, or set gpio.driver: chardev`,
      );
    const line = this.#request(request, "in", request.edges ?? "both", listener);
    let seqno = 0;
    line.gpio.watch((_error, value) => {
      if (line.open) listener.edge({ edge: value === 1 ? "rising" : "falling", atNs: monotonicNs(), seqno: ++seqno });
    });
    return line;
  }

  openOutput(request: OutputRequest, listener: LineListener): OutputHandle {
    // "high" and "low" set direction and level in one step, and mean the wire, whatever active_low says.
    const wire = request.initial === (request.active === "high") ? "high" : "low";
    return this.#request(request, wire, "none", listener);
  }

  peek(address: LineAddress, active: ActiveLevel): boolean {
    const number = findNumber(address);
    const held = attribute(number, "value") !== undefined;
    if (!held) exportLine(number, address, true);
    try {
      // Logical for whoever exported it; the wire is what is asked for.
      const wire = (attribute(number, "value") === "1") !== (attribute(number, "active_low") === "1");
      return wire === (active === "high");
    } finally {
      if (!held) exportLine(number, address, false);
    }
  }

  close(): void {
    for (const line of this.#open.values()) line.close();
  }

  #request(
    request: InputRequest | OutputRequest,
    direction: "in" | "high" | "low",
    edge: "none" | "both" | Edge,
    listener: LineListener,
  ): Line {
    // Before the number is looked up: a chip that came back may have the number of one that is gone.
    this.#checkPresence();
    const number = findNumber(request);
    const held = this.#open.get(number);
    if (held) throw busyError(request, held.consumer);
    // A left-over of a program that was killed is taken over: sysfs cannot tell it from one that lives.
    const leftOver = attribute(number, "value") !== undefined;
    let gpio: OnoffGpio | undefined;
    try {
      gpio = new this.#onoff(number, direction, edge, { activeLow: request.active === "low", reconfigureDirection: true });
      // onoff passes over what it may not set on a line that was exported already.
      if (attribute(number, "direction") !== (direction === "in" ? "in" : "out"))
        throw new LineError("unsupported", `line ${request.offset} of ${request.chip} kept its direction; another program has it in sysfs`);
      const line = new Line(gpio, number, request, edge, listener, () => this.#forget(number));
      this.#open.set(number, line);
      this.#presence ??= setInterval(() => this.#checkPresence(), presenceMs).unref();
      return line;
    } catch (error) {
      const code = errnoOf(error);
      if (gpio) gpio.unexport();
      else if (!leftOver && code !== "EBUSY") tryUnexport(number);
      if (error instanceof LineError) throw error;
      if (code === "EBUSY") throw busyError(request, "", { cause: error });
      if (code === "EACCES" || code === "EPERM") throw permissionError(pathOf(error) ?? join(root, `gpio${number}`), error);
      throw ioError(request, "set up", error);
    }
  }

  #forget(number: number): void {
    this.#open.delete(number);
    if (this.#open.size > 0) return;
    clearInterval(this.#presence);
    this.#presence = undefined;
  }

  #checkPresence(): void {
    for (const line of this.#open.values()) line.checkPresence();
  }
}

class Line implements InputHandle, OutputHandle {
  readonly gpio: OnoffGpio;
  readonly consumer: string;
  readonly #address: LineAddress;
  readonly #folder: HeldFolder;
  readonly #value: number;
  readonly #byte = Buffer.alloc(1);

  constructor(
    gpio: OnoffGpio,
    number: number,
    request: InputRequest | OutputRequest,
    edge: "none" | "both" | Edge,
    listener: LineListener,
    freed: () => void,
  ) {
    this.gpio = gpio;
    this.consumer = request.consumer;
    this.#address = { chip: request.chip, offset: request.offset };
    const directory = join(root, `gpio${number}`);
    this.#folder = new HeldFolder(directory, {
      free: () => {
        freed();
        closeSync(this.#value);
        gpio.unexport();
      },
      gone: () => listener.gone(),
    });
    // Not onoff's own file: reading that one would take an edge away from its watch.
    this.#value = openSync(join(directory, "value"), "r");
    const readSync = gpio.readSync.bind(gpio);
    // onoff reads in its watch without a catch; a chip that is gone would end the process.
    gpio.readSync = () => {
      try {
        const level = readSync();
        // Of one kind of edge onoff passes over those whose level has changed back before it looks; the interrupt came nonetheless.
        return edge === "rising" ? 1 : edge === "falling" ? 0 : level;
      } catch {
        setImmediate(() => this.checkPresence());
        return Number.NaN; // neither level, so no edge
      }
    };
  }

  get open(): boolean {
    return this.#folder.state === "open";
  }

  read(): boolean {
    this.#check();
    try {
      readSync(this.#value, this.#byte, 0, 1, 0);
      return this.#byte[0] === 0x31;
    } catch (error) {
      throw this.#explain("read", error);
    }
  }

  write(active: boolean): void {
    this.#check();
    try {
      this.gpio.writeSync(active ? 1 : 0);
    } catch (error) {
      throw this.#explain("write", error);
    }
  }

  close(): void {
    this.#folder.close();
  }

  /** Calls `gone` when the line's folder is not the one that was opened: no I/O on the line itself. */
  checkPresence(): void {
    this.#folder.check();
  }

  #check(): void {
    if (this.#folder.state === "gone") throw goneError(this.#address);
    if (this.#folder.state === "closed") throw closedError(this.#address);
  }

  #explain(doing: string, error: unknown): LineError {
    this.checkPresence();
    return this.#folder.state === "gone" || errnoOf(error) === "ENODEV"
      ? goneError(this.#address, { cause: error })
      : ioError(this.#address, doing, error);
  }
}

function pathOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).path : undefined;
}
