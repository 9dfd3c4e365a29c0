// PulseTime: how long a relay of Tasmota stays on, in one number. 1 to 111 are tenths of a second, from 112 on seconds and 100.

/** The largest number that Tasmota takes. */
export const maxPulseTime = 65_535;

/** Milliseconds; 0 = without an end. */
export function pulseMs(value: number): number {
  return value > 111 ? (value - 100) * 1000 : value * 100;
}

/** The shortest PulseTime that is not shorter than `seconds`. */
export function pulseTimeOf(seconds: number): number {
  // Hundredths are nobody's wish: 0.3 s are three tenths, whatever the binary fraction says.
  const tenths = Math.ceil(Number((seconds * 10).toFixed(6)));
  if (tenths <= 111) return tenths;
  return Math.min(maxPulseTime, Math.max(112, Math.ceil(Number(seconds.toFixed(6))) + 100));
}

/** What is left of a running one, in the same coding. */
export function remainingOf(ms: number): number {
  if (ms <= 0) return 0;
  return ms > 11_100 ? Math.floor(ms / 1000) + 100 : Math.floor(ms / 100);
}
