import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextDue } from "../../../agent/core/schedule.ts";
import { sunTime } from "../../../agent/core/sun.ts";
import { zoneOf } from "../../../agent/shell/zone.ts";

const runs = Number(process.env.PINBUS_RUNS ?? 200);
const berlin = zoneOf("Europe/Berlin");
const time = (hours: number, minutes = 0) => ({ kind: "time" as const, minute: hours * 60 + minutes });
const next = (at: ReturnType<typeof time>, after: string, days: number[] = [], zone = berlin) => {
  const due = nextDue({ at, days }, Date.parse(after), zone, null);
  return due === null ? null : new Date(due).toISOString();
};

describe("the next time of day", () => {
  it("is in local time, summer and winter", () => {
    expect(next(time(7), "2026-01-10T05:00:00Z")).toBe("2026-01-10T06:00:00.000Z");
    expect(next(time(7), "2026-07-10T05:00:00Z")).toBe("2026-07-11T05:00:00.000Z");
    expect(next(time(0), "2026-07-10T21:59:59Z")).toBe("2026-07-10T22:00:00.000Z");
    expect(next(time(7), "2026-07-10T05:00:00Z", [], zoneOf("UTC"))).toBe("2026-07-10T07:00:00.000Z");
    expect(next(time(5, 30), "2026-07-10T00:00:00Z", [], zoneOf("Asia/Kathmandu"))).toBe("2026-07-10T23:45:00.000Z");
  });

  it("is on one of its days, which are local ones", () => {
    // 2026-07-10 is a Friday.
    expect(next(time(0, 30), "2026-07-10T12:00:00Z", [0])).toBe("2026-07-11T22:30:00.000Z");
    expect(next(time(7), "2026-07-10T12:00:00Z", [5])).toBe("2026-07-17T05:00:00.000Z");
  });

  it("happens once when the clock is set back, and when the hour is left out", () => {
    expect(next(time(2, 30), "2026-10-24T12:00:00Z")).toBe("2026-10-25T00:30:00.000Z");
    expect(next(time(2, 30), "2026-10-25T00:30:00Z")).toBe("2026-10-26T01:30:00.000Z");
    expect(next(time(2, 30), "2026-03-28T12:00:00Z")).toBe("2026-03-29T01:30:00.000Z");
    expect(next(time(2, 30), "2026-03-29T01:30:00Z")).toBe("2026-03-30T00:30:00.000Z");
  });

  it("comes once for every local day, whatever the zone does", () => {
    const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "UTC");
    const start = fc.integer({ min: Date.parse("2026-01-01"), max: Date.parse("2029-01-01") });
    fc.assert(
      fc.property(zone, start, fc.integer({ min: 0, max: 1439 }), (name, after, minute) => {
        const zone = zoneOf(name);
        const dates: number[] = [];
        for (let at = after, count = 0; count < 12; count++) {
          const due = nextDue({ at: { kind: "time", minute }, days: [] }, at, zone, null);
          if (due === null) throw new Error("never again");
          expect(due).toBeGreaterThan(at);
          dates.push(Math.floor((due + zone(due)) / 86_400_000));
          at = due;
        }
        expect(dates.slice(1).every((date, index) => date - (dates[index] ?? 0) === 1)).toBe(true);
      }),
      { numRuns: runs },
    );
  });
});

describe("the sun", () => {
  const date = (text: string) => Date.parse(text) / 86_400_000;
  // Published by the almanacs of the places, in local time.
  it.each([
    ["2026-06-21", 52.52, 13.405, "2026-06-21T02:43:00Z", "2026-06-21T19:33:00Z"],
    ["2026-12-21", 52.52, 13.405, "2026-12-21T07:15:00Z", "2026-12-21T14:54:00Z"],
    ["2026-12-21", 40.7128, -74.006, "2026-12-21T12:17:00Z", "2026-12-21T21:32:00Z"],
    ["2026-12-21", -33.8688, 151.2093, "2026-12-20T18:41:00Z", "2026-12-21T09:05:00Z"],
    ["2026-03-20", 0, 0, "2026-03-20T06:04:00Z", "2026-03-20T18:11:00Z"],
  ])("rises and sets within two minutes of the almanac: %s at %d, %d", (day, latitude, longitude, rise, set) => {
    const location = { latitude, longitude };
    expect(Math.abs((sunTime(date(day), "sunrise", location) ?? 0) - Date.parse(rise))).toBeLessThanOrEqual(120_000);
    expect(Math.abs((sunTime(date(day), "sunset", location) ?? 0) - Date.parse(set))).toBeLessThanOrEqual(120_000);
  });

  it("does not rise in the polar night, and a rule waits for the day on which it does", () => {
    const tromso = { latitude: 69.65, longitude: 18.96 };
    expect(sunTime(date("2026-12-21"), "sunrise", tromso)).toBeNull();
    expect(sunTime(date("2026-06-21"), "sunset", tromso)).toBeNull();
    const sunrise = { kind: "sun", event: "sunrise", offset: 0 } as const;
    expect(nextDue({ at: sunrise, days: [] }, Date.parse("2026-12-21"), berlin, tromso)).toBeNull();
    const back = nextDue({ at: sunrise, days: [] }, Date.parse("2027-01-12"), berlin, tromso);
    expect(new Date(back ?? 0).toISOString().slice(0, 8)).toBe("2027-01-");
  });

  it("with an offset belongs to the day of the sun, not to the one on which it falls", () => {
    const at = { kind: "sun", event: "sunset", offset: 6 * 3_600_000 } as const;
    const due = nextDue({ at, days: [5] }, Date.parse("2026-07-10T12:00:00Z"), berlin, { latitude: 52.52, longitude: 13.405 });
    expect(new Date(due ?? 0).toISOString()).toMatch(/^2026-07-11T01:2/);
  });
});
