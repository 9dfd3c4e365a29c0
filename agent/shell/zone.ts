/** Everywhere offsets change only at these steps. */
const step = 15 * 60_000;

/**
 * Local time − UTC in ms at a moment in UTC, by the time zone database of Node.js; null = the zone of this machine. An answer is kept
 * for its quarter of an hour: every command asks.
 */
export function zoneOf(name: string | null): (utc: number) => number {
  const ask = name === null ? offsetHere : offsetIn(name);
  let known = Number.NaN;
  let offset = 0;
  return (utc) => {
    const quarter = Math.floor(utc / step);
    if (quarter !== known) {
      offset = ask(utc);
      known = quarter;
    }
    return offset;
  };
}

function offsetHere(utc: number): number {
  return -new Date(utc).getTimezoneOffset() * 60_000;
}

function offsetIn(name: string): (utc: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  return (utc) => {
    const text = format.formatToParts(utc).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
    return (sign === "-" ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  };
}
