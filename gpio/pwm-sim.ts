import type { LineListener } from "./driver.ts";
import { LineError } from "./errors.ts";
import type { PwmAddress, PwmChip, PwmDriver, PwmHandle, PwmRequest } from "./pwm.ts";
import { busyChannelError, goneChannelError, noChannelError, noPwmError } from "./pwm-errors.ts";

/** What a meter on a channel would show. */
export interface SimSignal {
  periodNs: number;
  dutyNs: number;
  inverted: boolean;
  /** "" when it goes on without anybody. */
  consumer: string;
}

/** The PWM chips of the simulated board. A signal that nobody ended goes on, as in the kernel. */
export class SimPwmBoard {
  readonly #chips: readonly PwmChip[];
  readonly #absent = new Set<string>();
  readonly #signals = new Map<string, SimSignal>();
  readonly #handles = new Set<Handle>();

  constructor(chips: readonly PwmChip[]) {
    this.#chips = chips;
  }

  chips(): PwmChip[] {
    return this.#chips.filter(({ device }) => !this.#absent.has(device));
  }

  /** Undefined while the channel is silent. */
  signal({ chip, channel }: PwmAddress): Readonly<SimSignal> | undefined {
    return this.#signals.get(`${chip} ${channel}`);
  }

  removeChip(device: string): void {
    this.#absent.add(device);
    for (const handle of [...this.#handles]) {
      if (handle.address.chip !== device) continue;
      this.#handles.delete(handle);
      handle.lose();
    }
    for (const key of this.#signals.keys()) if (key.startsWith(`${device} `)) this.#signals.delete(key);
  }

  returnChip(device: string): void {
    this.#absent.delete(device);
  }

  /** For the driver. */
  claim(handle: Handle, signal: SimSignal): void {
    const { chip: device, channel } = handle.address;
    const chip = this.chips().find((there) => there.device === device);
    if (!chip) throw noPwmError(device, this.chips());
    if (channel >= chip.channels) throw noChannelError(chip, channel);
    const holder = this.signal(handle.address)?.consumer ?? "";
    if (holder !== "") throw busyChannelError(handle.address, holder);
    this.#handles.add(handle);
    this.#signals.set(`${device} ${channel}`, signal);
  }

  /** For the driver. */
  release(handle: Handle): void {
    if (!this.#handles.delete(handle)) return;
    const { chip, channel } = handle.address;
    const signal = this.#signals.get(`${chip} ${channel}`);
    if (signal && (signal.dutyNs > 0 || signal.inverted)) signal.consumer = "";
    else this.#signals.delete(`${chip} ${channel}`);
  }
}

/** The driver of the simulated board. */
export function openSimPwm(board: SimPwmBoard): PwmDriver {
  const open = new Set<Handle>();
  return {
    name: "sim",
    chips: () => board.chips(),
    open(request, listener) {
      const { periodNs, inverted, dutyNs, consumer } = request;
      checkDuty(request, dutyNs);
      const signal = { periodNs, inverted, dutyNs, consumer };
      const handle = new Handle(board, request, signal, listener, () => open.delete(handle));
      board.claim(handle, signal);
      open.add(handle);
      return handle;
    },
    close() {
      for (const handle of [...open]) handle.close();
    },
  };
}

class Handle implements PwmHandle {
  readonly address: PwmAddress;
  readonly #board: SimPwmBoard;
  readonly #signal: SimSignal;
  readonly #listener: LineListener;
  readonly #closed: () => void;
  #state: "open" | "gone" | "closed" = "open";

  constructor(board: SimPwmBoard, { chip, channel }: PwmRequest, signal: SimSignal, listener: LineListener, closed: () => void) {
    this.#board = board;
    this.address = { chip, channel };
    this.#signal = signal;
    this.#listener = listener;
    this.#closed = closed;
  }

  write(dutyNs: number): void {
    this.#check();
    checkDuty({ ...this.address, periodNs: this.#signal.periodNs }, dutyNs);
    this.#signal.dutyNs = dutyNs;
  }

  read(): number {
    this.#check();
    return this.#signal.dutyNs;
  }

  close(): void {
    if (this.#state === "open") this.#board.release(this);
    this.#state = "closed";
    this.#closed();
  }

  /** For the board: its chip went away. */
  lose(): void {
    this.#state = "gone";
    setImmediate(() => {
      if (this.#state === "gone") this.#listener.gone();
    });
  }

  #check(): void {
    if (this.#state !== "open") throw goneChannelError(this.address);
  }
}

/** As the kernel: EINVAL. */
function checkDuty({ chip, channel, periodNs }: Pick<PwmRequest, "chip" | "channel" | "periodNs">, dutyNs: number): void {
  if (dutyNs >= 0 && dutyNs <= periodNs) return;
  throw new LineError("io", `channel ${channel} of ${chip} does not take a duty of ${dutyNs} ns in a period of ${periodNs} ns`);
}
