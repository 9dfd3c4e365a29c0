import { isMap, mapFormat } from "./compound.ts";
import { bad, duration, formatDuration, ok, parseDuration, wholeNumber } from "./formats.ts";
import type { Format, Reading } from "./leaf.ts";
import { quoteText } from "./problem.ts";

const minute = 60_000;
const step = duration(10, 60 * minute);

/** On and off again and again until `total` is over: a light that asks for attention. */
export interface Flash {
  total: number;
  on: number;
  off: number;
}

export const flash: Format<Flash> = mapFormat({
  name: "flash",
  shape: "`{total: 2s, on: 300ms, off: 300ms}`",
  fix: "write {total: 2s, on: 300ms, off: 300ms}",
  fields: { total: duration(10, 24 * 60 * minute), on: step, off: step },
  needs: ["total", "on", "off"],
  value: ({ total, on, off }) =>
    total / (on + off) > maxSteps / 2 ? bad("it goes on too often", `write at most ${maxSteps / 2} flashes`) : ok({ total, on, off }),
  write: ({ total, on, off }) => `{total: ${formatDuration(total)}, on: ${formatDuration(on)}, off: ${formatDuration(off)}}`,
});

/** So many short tones of a buzzer. */
export interface Beep {
  times: number;
  on: number;
  off: number;
}

export const beep: Format<Beep> = mapFormat({
  name: "beep",
  shape: "`{times: 3}`, and `on: 100ms`, `off: 50ms` if they are other",
  fix: "write {times: 3} or {times: 3, on: 100ms, off: 50ms}",
  fields: { times: wholeNumber(1, 100), on: step, off: step },
  needs: ["times"],
  value: ({ times, on = 100, off = 50 }) => ok({ times, on, off }),
  write: ({ times, on, off }) => `{times: ${times}, on: ${formatDuration(on)}, off: ${formatDuration(off)}}`,
});

/** One note or rest of a tune; a line without PWM sounds or is silent, whatever the note. */
export interface Tone {
  /** As written, in capitals; null for a rest. */
  note: string | null;
  ms: number;
}

/** So many steps has the longest pattern. */
const maxSteps = 2000;
const maxTones = 128;

/** `C7,500,PAUSE,250,C7,500`: notes and rests, each with its length (milliseconds when there is no unit). */
export const tone: Format<Tone[]> = {
  name: "tone",
  shape: "notes and rests with their lengths: `C7 500ms, pause 250ms, C7 500ms`",
  read(value) {
    // What was read before comes back through convict's own check.
    if (Array.isArray(value) && value.length > 0 && value.every(isTone)) return ok(value);
    const fix = "write it like C7 500ms, pause 250ms, C7 500ms";
    const words = (typeof value === "string" ? value : "").split(/[\s,]+/).filter((word) => word !== "");
    if (words.length === 0) return bad("it is no tune", fix);
    if (words.length > 2 * maxTones) return bad(`it has more than ${maxTones} notes`, "write fewer");
    const tones: Tone[] = [];
    for (let at = 0; at < words.length; at += 2) {
      const reading = toneOf(words[at] ?? "", words[at + 1], fix);
      if (!reading.ok) return reading;
      tones.push(reading.value);
    }
    return tones.some(({ note }) => note !== null) ? ok(tones) : bad("it is nothing but rests", fix);
  },
  write: (tones) => tones.map(({ note, ms }) => `${note ?? "pause"} ${formatDuration(ms)}`).join(", "),
};

function isTone(value: unknown): value is Tone {
  return isMap(value) && "note" in value && "ms" in value;
}

function toneOf(word: string, length: string | undefined, fix: string): Reading<Tone> {
  const rest = /^(pause|rest)$/i.test(word);
  if (!rest && !/^[a-g][#b]?\d$/i.test(word)) return bad(`${quoteText(word)} is not a note`, fix);
  if (length === undefined) return bad(`${quoteText(word)} has no length`, fix);
  const ms = /^\d{1,7}$/.test(length) ? Number(length) : parseDuration(length);
  if (ms === undefined || ms < 10 || ms > 60 * minute)
    return bad(`${quoteText(length)} is not a length`, "write a time between 10ms and 1h");
  return ok({ note: rest ? null : word.toUpperCase(), ms });
}
