import type { Found, Report } from "./check.ts";
import { bad, formatDuration, ok, text } from "./formats.ts";
import type { Format, Reading } from "./leaf.ts";
import type { Config, InputConfig } from "./schema.ts";

/** A number above 0, with decimals: a rain gauge tips every 0.2794 mm. */
export const ratio: Format<number> = {
  name: "ratio",
  shape: "a number above 0, at most 1000000",
  read(value, source) {
    const given = typeof value === "string" ? value : (source ?? String(value));
    const number = /^\d{1,7}(?:\.\d{1,9})?$/.test(given) ? Number(given) : Number.NaN;
    return number > 0 && number <= 1_000_000
      ? ok(number)
      : bad(`${JSON.stringify(given.slice(0, 40))} is not a number above 0`, "write how many pulses make one unit, like 1000 or 3.58");
  },
  write: String,
};

export const measure = text(
  "measure",
  "the name of a unit",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]{0,15}$/,
  "write up to 16 characters, like kWh or m³",
);

export interface KernelDebounce {
  kernel: number;
}

/** A time, or `{kernel: 5ms}` for the line's own debounce. `kernel` alone takes the usual time. */
export function debounceOf(own: Format<number>, kernel: Format<number>, usual: number): Format<number | KernelDebounce> {
  const fix = "write {kernel: 5ms}";
  return {
    name: "debounce",
    shape: `${own.shape}, or \`{kernel: 5ms}\` for the line's own; \`kernel\` alone is \`{kernel: ${formatDuration(usual)}}\``,
    read(value, source): Reading<number | KernelDebounce> {
      if (value === "kernel") return ok({ kernel: usual });
      if (typeof value !== "object" || value === null) return own.read(value, source);
      const keys = Object.keys(value);
      if (keys.length !== 1 || keys[0] !== "kernel") return bad("it is not a time", fix);
      const reading = kernel.read((value as { kernel: unknown }).kernel);
      return reading.ok ? ok({ kernel: reading.value }) : { ...reading, what: `kernel: ${reading.what}` };
    },
    write: (value) => (typeof value === "number" ? formatDuration(value) : `{kernel: ${formatDuration(value.kernel)}}`),
  };
}

/** The whole time for which a level must hold, whoever watches it. */
export function debounceTime({ debounce }: Pick<InputConfig, "debounce">): number {
  return typeof debounce === "number" ? debounce : debounce.kernel;
}

const ofCounters = ["edge", "per_unit", "unit", "rate"] as const;
const ofEncoders = ["line_b", "steps_per_detent"] as const;
const ofButtons = ["hold", "window", "repeat", "events"] as const;

/** What counts takes every edge, unless the file says otherwise: a meter may give a thousand a second. */
export function countingDefaults(inputs: Config["inputs"], given: (path: string) => boolean): void {
  for (const [id, input] of Object.entries(inputs)) {
    if (input.kind !== "counter" && input.kind !== "encoder") continue;
    if (!given(`inputs.${id}.debounce`)) input.debounce = 0;
    if (input.kind === "encoder" && !given(`inputs.${id}.report`)) input.report = 200;
  }
}

/** Counters and encoders: nothing is there in vain, and nothing is missing. */
export function checkCounting({ inputs, gpio }: Config, { place, unread }: Found, report: Report): void {
  for (const [id, input] of Object.entries(inputs)) {
    const path = `inputs.${id}`;
    const written = (key: string) => place(`${path}.${key}`).line > 0;
    const unused = (keys: readonly string[], fix: string) => {
      for (const key of keys) {
        if (!written(key)) continue;
        const what = /^[aeiou]/.test(input.kind) ? "an" : "a";
        report(`${path}.${key}`, `it is not used by ${what} ${input.kind}`, fix, "warning");
      }
    };
    if (input.kind !== "counter" && !unread.has(`${path}.kind`)) unused(ofCounters, "remove it or write kind: counter");
    if (input.kind !== "encoder" && !unread.has(`${path}.kind`)) unused(ofEncoders, "remove it or write kind: encoder");
    if (input.kind === "counter" || input.kind === "encoder") unused(ofButtons, "remove it");
    else unused(["report"], "remove it or write kind: counter");
    if (input.evdev !== null) continue;
    if (typeof input.debounce !== "number" && gpio.driver === "sysfs")
      report(`${path}.debounce`, "the sysfs driver has no debounce of the line", "write a time, or gpio.driver: chardev");
    if (input.kind === "counter" && gpio.driver === "sysfs")
      report(path, "the sysfs driver cannot tell how many edges it missed", "write gpio.driver: chardev", "warning");
    if (input.kind !== "encoder") continue;
    if (input.line_b === null && !unread.has(`${path}.line_b`)) report(path, "an encoder has two lines", "add line_b:");
    if (typeof input.debounce === "number" && input.debounce > 0)
      report(`${path}.debounce`, "an encoder needs none: a contact that bounces steps forth and back", "remove it or write {kernel: 1ms}");
  }
}
