import { LineError } from "./errors.ts";
import type { PwmAddress, PwmChip } from "./pwm.ts";

/** No chip with this device, for a person who named one. */
export function noPwmError(device: string, chips: readonly PwmChip[]): LineError {
  const labels = chips.map((chip) => chip.device).join(", ");
  const there =
    labels === "" ? "there is no PWM chip at all: its overlay may be missing in /boot/firmware/config.txt" : `those here are ${labels}`;
  return new LineError("no-chip", `no PWM chip is the device ${device}; ${there}`);
}

export function noChannelError({ device, channels }: PwmChip, channel: number): LineError {
  return new LineError("no-line", `the PWM chip ${device} has no channel ${channel}: it has channels 0 to ${channels - 1}`);
}

/** `holder` is "" when it is not known: the kernel does not say. */
export function busyChannelError({ chip, channel }: PwmAddress, holder: string, options?: ErrorOptions): LineError {
  const who = holder === "" ? "another driver or program" : JSON.stringify(holder.replace(/^pinbus:/, ""));
  return new LineError("busy", `PWM channel ${channel} of ${chip} is in use by ${who}; take another line or end that one`, options);
}

export function goneChannelError({ chip, channel }: PwmAddress, options?: ErrorOptions): LineError {
  return new LineError(
    "gone",
    `the PWM chip ${chip} was removed while channel ${channel} was in use; it is used again when it is back`,
    options,
  );
}
