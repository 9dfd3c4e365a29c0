import { keyCode, keyNames } from "../gpio/key-codes.ts";
import type { Found, Report } from "./check.ts";
import { bad, ok, text } from "./formats.ts";
import type { Format } from "./leaf.ts";
import { quoteText } from "./problem.ts";
import type { Config, InputConfig } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** A path with `..` in it could lead anywhere. */
export const inputDevice = text(
  "input device",
  "a path below /dev/input or the name of a device",
  /^(?:\/dev\/input\/(?!.*\.\.)[\x21-\x7e]{1,200}|[^/\p{Cc}\s](?:[^\p{Cc}]{0,126}[^\p{Cc}\s])?)$/u,
  "write one that `pinbus keys` lists",
);

export const key: Format<string> = {
  name: "key",
  shape: "the kernel's name of a key, button or switch, such as `KEY_F1`, `BTN_LEFT` or `SW_LID`",
  read(value, source) {
    const given = typeof value === "string" ? value : (source ?? String(value));
    if (keyCode(given) !== undefined) return ok(given);
    const names = [...keyNames()];
    const close = names.find((name) => name === `KEY_${given.toUpperCase()}`) ?? suggest(given, names);
    return bad(`${quoteText(given)} is no key`, close === undefined ? "write one that `pinbus keys` lists" : `did you mean ${close}?`);
  },
  write: (name) => name,
};

/** What a line has and a key has not. */
const ofLines = ["bias", "line_b"] as const;
const ofKeys = ["key", "grab"] as const;

/** The device tells a key when it has settled. */
export function keyDefaults(inputs: Config["inputs"], given: (path: string) => boolean): void {
  for (const [id, input] of Object.entries(inputs)) if (input.evdev !== null && !given(`inputs.${id}.debounce`)) input.debounce = 0;
}

/** Inputs are a line or a key, and no key is two of them. */
export function checkKeys({ inputs }: Config, found: Found, report: Report): void {
  const { place, unread } = found;
  const used = new Map<string, string>();
  for (const [id, input] of Object.entries(inputs)) {
    const path = `inputs.${id}`;
    if (input.evdev === null) {
      if (unread.has(`${path}.evdev`)) continue;
      if (input.line === null && !unread.has(`${path}.line`))
        report(path, "it has neither line nor evdev", "add `line: 17`, or `evdev:` and `key:`");
      else
        for (const name of ofKeys)
          if (place(`${path}.${name}`).line > 0)
            report(`${path}.${name}`, "it says nothing of a line", "remove it or write evdev: instead of line:");
      continue;
    }
    checkKey(path, input, found, report);
    const name = `${input.evdev} ${input.key}`;
    const before = input.key === null ? undefined : used.get(name);
    if (before === undefined) used.set(name, path);
    else report(`${path}.key`, `${input.key} of this device is used by ${before} already`, "give each a key of its own");
  }
}

function checkKey(path: string, input: InputConfig, { place, unread }: Found, report: Report): void {
  if (input.line !== null) report(`${path}.line`, "it stands beside evdev", "write one of them");
  if (input.key === null && !unread.has(`${path}.key`))
    report(path, "it does not say which key", "add `key:`; `pinbus keys` lists those of each device");
  for (const name of ofLines)
    if (place(`${path}.${name}`).line > 0) report(`${path}.${name}`, "it says nothing of a key", "remove it", "warning");
  if (typeof input.debounce !== "number")
    report(`${path}.debounce`, "a key has no line that could hold it back", "write a time, or remove it");
  if (input.kind === "encoder") report(`${path}.kind`, "a key does not turn", "write kind: button");
  if (input.kind === "counter")
    report(path, "an input device does not tell how many presses were lost", "take a line where each one counts", "warning");
  if (input.evdev !== null && /^\/dev\/input\/event\d+$/.test(input.evdev))
    report(
      `${path}.evdev`,
      "its number is another one after the next start",
      "write the path or name that `pinbus keys` prints",
      "warning",
    );
}
