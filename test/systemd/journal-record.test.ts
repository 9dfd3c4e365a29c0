import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { journalArgs, parseRecord, warningArgs } from "../../systemd/journal-record.ts";

const entry = (some: object) => JSON.stringify({ __REALTIME_TIMESTAMP: "1700000000123456", PRIORITY: "4", MESSAGE: "hello", ...some });

describe("an entry of the journal", () => {
  it("has its time, its priority and its message", () => {
    expect(parseRecord(entry({}))).toEqual({ at: "2023-11-14T22:13:20.123Z", priority: 4, lines: ["hello"], units: [] });
  });

  it("may have a message of bytes, of several fields, none, or one that was too long to be printed", () => {
    expect(parseRecord(entry({ MESSAGE: [27, 91, 50, 74, 195, 164] }))?.lines).toEqual(["\u001b[2Jä"]);
    expect(parseRecord(entry({ MESSAGE: ["a", [98], "c"] }))?.lines).toEqual(["a", "b", "c"]);
    expect(parseRecord(entry({ MESSAGE: undefined }))?.lines).toEqual(["(an entry without a message)"]);
    expect(parseRecord(entry({ MESSAGE: { a: 1 } }))?.lines).toEqual(["(an entry without a message)"]);
    expect(parseRecord(entry({ MESSAGE: null }))?.lines[0]).toContain("more than 4 kB");
  });

  it("is cut into its lines, and into no more than fifty", () => {
    expect(parseRecord(entry({ MESSAGE: "Error: x\n  at a\n  at b\n" }))?.lines).toEqual(["Error: x", "  at a", "  at b"]);
    expect(parseRecord(entry({ MESSAGE: "x\n".repeat(9000) }))?.lines).toHaveLength(51);
  });

  it("names the unit that wrote it before those that it says it is about", () => {
    const units = { UNIT: "b.service", _SYSTEMD_UNIT: "init.scope", COREDUMP_UNIT: [1], OBJECT_SYSTEMD_UNIT: "c.service" };
    expect(parseRecord(entry(units))?.units).toEqual(["init.scope", "b.service", "c.service"]);
  });

  it("may lie about its time and its priority", () => {
    expect(parseRecord(entry({ __REALTIME_TIMESTAMP: "soon", PRIORITY: "99" }))).toMatchObject({ at: null, priority: null });
    expect(parseRecord(entry({ __REALTIME_TIMESTAMP: "9".repeat(18), PRIORITY: 3 }))).toMatchObject({ priority: null });
  });

  it("is nothing when it is no entry, and never an exception", () => {
    for (const line of ["", "-- No entries --", "[1]", "null", "7", '{"MESSAGE":']) expect(parseRecord(line)).toBeUndefined();
    fc.assert(fc.property(fc.json(), (text) => parseRecord(text) === undefined || true));
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (MESSAGE, PRIORITY) => parseRecord(entry({ MESSAGE, PRIORITY })) !== undefined));
  });
});

it("a unit is asked for by its exact name, of the right service manager", () => {
  expect(journalArgs("a.service", false, 10)).toEqual(
    expect.arrayContaining(["--unit=a.service", "--lines=10", "--follow", "--output=json"]),
  );
  expect(journalArgs("a.service", true, 10)).toContain("--user-unit=a.service");
});

it("the warnings of several units are asked for together, each of the right service manager", () => {
  const units = [
    { unit: "a.service", user: false },
    { unit: "b.service", user: true },
  ];
  expect(warningArgs(units, 10)).toEqual(
    expect.arrayContaining(["--unit=a.service", "--user-unit=b.service", "--priority=warning", "--lines=10", "--follow", "--output=json"]),
  );
});
