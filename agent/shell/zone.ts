/** Everywhere offsets change only at these steps. */
const step = 15 * 60_000;

/**
 * Local time − UTC in ms at a moment in UTC, by the time zone database of Node.js; null = the zone of this machine. An answer is kept
 * for its quarter of an hour: every command asks.
 */
export function zoneOf(name: string | null): (utc: number) => number {
  if (name === null) return (utc) => -new Date(utc).getTimezoneOffset() * 60_000;
  const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  let known = Number.NaN;
  let offset = 0;
  return (utc) => {
    const quarter = Math.floor(utc / step);
    if (quarter === known) return offset;
    const text = format.formatToParts(utc).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
    known = quarter;
    offset = (sign === "-" ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return offset;
  };
}
