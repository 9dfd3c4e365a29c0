import type { LineListener } from "./driver.ts";

/** A channel of a PWM chip: the chip by the device behind it (never by its number, which moves between kernels). */
export interface PwmAddress {
  /** `fe20c000.pwm`, `1-0040`. */
  chip: string;
  channel: number;
}

/**
 * The interface that every PWM driver meets, and what it promises. The contract suite in `test/gpio/contract/pwm.ts` holds each driver to it.
 *
 * 1. A channel is requested with its first duty; it is not switched on with another one.
 * 2. A channel that runs already with the same period and polarity, left by a former run, goes on without a gap.
 * 3. `write` is synchronous and waits for nothing but the kernel: when it returns, the duty is set; when it throws, it is not.
 * 4. A channel has one holder; the second one gets LineError "busy".
 * 5. A request that fails can be made again. `close` is idempotent; it frees a channel whose duty is 0, and leaves any other one, or inverted
 *    one, running: a free channel is low, which of an inverted one is on.
 * 6. A chip that goes away calls `gone` once per handle; then `read` and `write` throw LineError "gone", and a new request finds it again.
 */
export interface PwmDriver {
  readonly name: "sim" | "sysfs";
  /** The chips that are there now. */
  chips(): PwmChip[];
  open(request: PwmRequest, listener: LineListener): PwmHandle;
  /** Closes everything that is still open. */
  close(): void;
}

export interface PwmChip {
  device: string;
  /** The kernel's name today (`pwmchip0`); for messages only, it moves. */
  name: string;
  channels: number;
}

export interface PwmRequest extends PwmAddress {
  periodNs: number;
  /** The time of the duty is low on the wire, the rest high. */
  inverted: boolean;
  /** The first one. */
  dutyNs: number;
  /** For messages: `pinbus:<id>`. */
  consumer: string;
}

export interface PwmHandle {
  /** How long it is on in each period. Throws LineError when it was not set. */
  write(dutyNs: number): void;
  /** The same, read back. Throws LineError. */
  read(): number;
  close(): void;
}
