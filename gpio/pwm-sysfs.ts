import { closeSync, openSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { permissionError } from "./access.ts";
import type { LineListener } from "./driver.ts";
import { errnoOf, LineError } from "./errors.ts";
import { messageOf } from "./message-of.ts";
import { HeldFolder, presenceMs } from "./presence.ts";
import type { PwmAddress, PwmChip, PwmDriver, PwmHandle, PwmRequest } from "./pwm.ts";
import { busyChannelError, goneChannelError, noChannelError, noPwmError } from "./pwm-errors.ts";

/**
 * The kernel's `/sys/class/pwm` (Documentation/driver-api/pwm.rst). A write is one system call on an open file: the drivers of the boards set
 * registers and wait for nothing. `root` is another tree in tests.
 */
export function openSysfsPwm(root = "/sys/class/pwm"): PwmDriver {
  return new SysfsPwm(root);
}

class SysfsPwm implements PwmDriver {
  readonly name = "sysfs";
  readonly #root: string;
  readonly #open = new Map<string, Channel>();
  /** Exported by this driver, and not set up yet: right after the export that may fail. */
  readonly #fresh = new Set<string>();
  #presence: NodeJS.Timeout | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  chips(): PwmChip[] {
    let names: string[] = [];
    try {
      names = readdirSync(this.#root).filter((name) => /^pwmchip\d+$/.test(name));
    } catch {
      // a kernel without PWM, or without its sysfs
    }
    return names.flatMap((name): PwmChip[] => {
      try {
        const device = basename(realpathSync(join(this.#root, name, "device")));
        return [{ device, name, channels: Number(readFileSync(join(this.#root, name, "npwm"), "utf8")) }];
      } catch {
        // it went away just now
        return [];
      }
    });
  }

  open(request: PwmRequest, listener: LineListener): PwmHandle {
    // First, for a chip that came back may be another folder.
    this.#checkPresence();
    const chips = this.chips();
    const chip = chips.find(({ device }) => device === request.chip);
    if (!chip) throw noPwmError(request.chip, chips);
    if (request.channel >= chip.channels) throw noChannelError(chip, request.channel);
    const key = `${request.chip} ${request.channel}`;
    const held = this.#open.get(key);
    // sysfs itself would let two share it.
    if (held) throw busyChannelError(request, held.consumer);
    const folder = join(this.#root, chip.name, `pwm${request.channel}`);
    if (exportChannel(join(this.#root, chip.name), folder, request)) this.#fresh.add(key);
    const channel = new Channel(folder, request, this.#fresh.has(key), listener, () => this.#forget(key));
    this.#fresh.delete(key);
    this.#open.set(key, channel);
    this.#presence ??= setInterval(() => this.#checkPresence(), presenceMs).unref();
    return channel;
  }

  close(): void {
    for (const channel of [...this.#open.values()]) channel.close();
  }

  #forget(key: string): void {
    this.#open.delete(key);
    if (this.#open.size > 0) return;
    clearInterval(this.#presence);
    this.#presence = undefined;
  }

  #checkPresence(): void {
    for (const channel of [...this.#open.values()]) channel.checkPresence();
  }
}

/** False for a channel that is exported already: it was left by a former run, or by a person, and is taken over. */
function exportChannel(chip: string, folder: string, address: PwmAddress): boolean {
  if (isThere(folder)) return false;
  const path = join(chip, "export");
  try {
    writeFileSync(path, String(address.channel));
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EBUSY") throw busyChannelError(address, "", { cause: error });
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") throw accessError(path, code, error);
    throw explain(address, "export", error);
  }
}

class Channel implements PwmHandle {
  readonly consumer: string;
  readonly #address: PwmAddress;
  readonly #folder: string;
  readonly #held: HeldFolder;
  readonly #duty: number;
  readonly #inverted: boolean;
  #last: number;

  constructor(folder: string, request: PwmRequest, fresh: boolean, listener: LineListener, freed: () => void) {
    const { chip, channel, dutyNs, inverted, consumer } = request;
    this.consumer = consumer;
    this.#address = { chip, channel };
    this.#folder = folder;
    this.#inverted = inverted;
    this.#last = dutyNs;
    try {
      this.#held = new HeldFolder(folder, {
        free: () => {
          freed();
          closeSync(this.#duty);
        },
        gone: () => listener.gone(),
      });
      setUp(folder, request, fresh);
      this.#duty = openSync(join(folder, "duty_cycle"), "r+");
    } catch (error) {
      const code = errnoOf(error);
      if (code === "EACCES" || code === "EPERM" || code === "EROFS") throw accessError(folder, code, error);
      throw explain(request, "set up", error);
    }
  }

  write(dutyNs: number): void {
    this.#check();
    try {
      writeSync(this.#duty, `${dutyNs}\n`, 0);
      this.#last = dutyNs;
    } catch (error) {
      throw this.#explain("set", error);
    }
  }

  read(): number {
    this.#check();
    try {
      return readNumber(this.#folder, "duty_cycle");
    } catch (error) {
      throw this.#explain("read", error);
    }
  }

  close(): void {
    if (!this.#held.close()) return;
    // The kernel ends the signal of a channel that nobody has, and forgets its polarity: one that is to stay on stays exported, and so does an
    // inverted one, which is off only while it is high.
    if (this.#last > 0 || this.#inverted) return;
    try {
      writeFileSync(join(this.#folder, "..", "unexport"), String(this.#address.channel));
    } catch {
      // its chip is gone
    }
  }

  checkPresence(): void {
    this.#held.check();
  }

  #check(): void {
    if (this.#held.state !== "open") throw goneChannelError(this.#address);
  }

  #explain(doing: string, error: unknown): LineError {
    this.checkPresence();
    return this.#held.state === "gone" || errnoOf(error) === "ENODEV"
      ? goneChannelError(this.#address, { cause: error })
      : explain(this.#address, doing, error);
  }
}

/**
 * The kernel refuses a polarity while the channel runs, anything before there is a period, and a duty longer than the period. What runs
 * already as it should only gets its duty. Of a `fresh` channel, which was free until now, the kernel may remember that it ran: it does not.
 */
function setUp(folder: string, { periodNs, inverted, dutyNs }: PwmRequest, fresh: boolean): void {
  const put = (name: string, value: string | number) => writeFileSync(join(folder, name), `${value}\n`);
  const polarity = inverted ? "inversed" : "normal";
  const turned = text(folder, "polarity") !== polarity;
  const runs = readNumber(folder, "enable") === 1;
  const before = readNumber(folder, "period");
  if (runs && (fresh || turned || before !== periodNs)) put("enable", 0);
  if (before !== periodNs) {
    if (before !== 0) put("duty_cycle", 0);
    put("period", periodNs);
  }
  if (turned) put("polarity", polarity);
  put("duty_cycle", dutyNs);
  if (readNumber(folder, "enable") === 0) put("enable", 1);
}

function text(folder: string, name: string): string {
  // The first line: a regular file of a test keeps what stood behind it.
  return readFileSync(join(folder, name), "utf8").split("\n")[0]?.trim() ?? "";
}

function readNumber(folder: string, name: string): number {
  return Number(text(folder, name));
}

function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Right after the export the files are root's until udev has given them away: whoever asks again soon gets them. */
function accessError(path: string, code: string, cause: unknown): LineError {
  if (code !== "EROFS") return permissionError(path, cause);
  return new LineError("permission", `${path} is read-only for this service: \`pinbus service drop-in\` prints the file that changes it`, {
    cause,
  });
}

function explain({ chip, channel }: PwmAddress, doing: string, error: unknown): LineError {
  if (error instanceof LineError) return error;
  const code = errnoOf(error);
  const where = `channel ${channel} of the PWM chip ${chip}`;
  if (code === "EINVAL" || code === "ERANGE" || code === "EBUSY")
    return new LineError("unsupported", `${where} does not take this frequency, or not beside its other channels; try another frequency`, {
      cause: error,
    });
  const reason = messageOf(error);
  return new LineError("io", `could not ${doing} ${where}: ${reason}`, { cause: error });
}
