/** How numbers, ages and times are written on the screen. */

/** 4980 → `4,980`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Milliseconds → `0.3s`, `8s`, `12m44s`, `3h10m`, `1d02h`: at most six columns below 1000 days. */
export function age(ms: number): string {
  if (!(ms > 0)) return "0s";
  if (ms < 1000) return `0.${Math.floor(ms / 100)}s`;
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d${two(Math.floor((s % 86_400) / 3600))}h`;
}

/** The same in one unit, where there is no room for two: `12s`, `12m`, `3h`, `41d`. */
export function shortAge(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  return s < 86_400 ? `${Math.floor(s / 3600)}h` : `${Math.floor(s / 86_400)}d`;
}

/** A length as somebody set it: `500 ms`, `60 s`, `5 min`, `2 h`. */
export function span(ms: number): string {
  for (const [unit, size, least] of [
    ["h", 3_600_000, 1],
    ["min", 60_000, 2],
    ["s", 1000, 1],
  ] as const)
    if (ms >= size * least && ms % size === 0) return `${count(ms / size)} ${unit}`;
  return `${ms} ms`;
}

/** Bytes → `142 B`, `58 M`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, prefix] = scaled(bytes, 999.5);
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${prefix}`;
}

/** A figure, of bytes or of anything: `402.1`, `61.2 k`, `3.1 MB`. */
export function amount(value: number, unit: "B" | ""): string {
  if (value < 1000) return unit === "" ? value.toFixed(1) : `${Math.round(value)} ${unit}`;
  const [part, prefix] = scaled(value, 999.95);
  return `${part.toFixed(1)} ${prefix}${unit}`;
}

/** A value from 1000 on in thousands, millions and so on; from `limit` on it would be written with one digit too many. */
function scaled(value: number, limit: number): [value: number, prefix: string] {
  const prefixes = ["k", "M", "G", "T"];
  let part = value / 1000;
  let at = 0;
  while (part >= limit && at < prefixes.length - 1) {
    part /= 1000;
    at += 1;
  }
  return [part, prefixes[at] ?? ""];
}

/** Wall-clock time of the person's own time zone: `10:46:02.114`. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${time(at)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** `10:46:02`. */
export function time(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `10:46:02`, with its day where that is not the one of `now`. */
export function moment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  return then.toDateString() === today.toDateString() ? time(at) : dateTime(at);
}

/** `2026-11-20 10:46:02`. */
export function dateTime(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time(at)}`;
}

/** ISO time → milliseconds since 1970; NaN for null and for what is no time. */
export function instant(iso: string | null): number {
  return iso === null ? Number.NaN : Date.parse(iso);
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
