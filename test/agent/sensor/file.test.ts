import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Files, Programs } from "../../../agent/sensor/driver.ts";
import { openFile } from "../../../agent/sensor/file.ts";
import { filesOf, forever, sysfs, worldOf } from "./sysfs.ts";

const level = { name: "level", unit: "l" };
/** A driver on a file that says `text`, without a file. */
const saying = (text: string) => {
  const files = { read: async () => ({ ok: true, text }) } as unknown as Files & Programs;
  return openFile(worldOf("/sys", files), { ...level, path: "/run/level" }).read(forever);
};

describe("a number in a file", () => {
  it.each([
    ["42\n", 42],
    ["  -1.5e2 ", -150],
    [".5", 0.5],
  ])("is read as people and programs write it: %j", async (text, value) => {
    expect(await saying(text)).toEqual({ ok: true, values: [{ name: "level", unit: "l", value }] });
  });

  it.each(["", "\n", "abc", "1 2", "0x10", "NaN", "Infinity", "1e999", "1,5", "12 °C", "--1", "1".repeat(40)])(
    "is not found in %j, which is not repeated: it may be somebody's secret",
    async (text) => {
      expect(await saying(text)).toEqual({ ok: false, problem: "/run/level holds no number" });
    },
  );

  it("is never anything but a finite number or a reason", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)), async (text) => {
        const reading = await saying(text);
        if (reading.ok) expect(reading.values[0]?.value).toBe(Number(text));
        else expect(reading.problem).toContain("holds no number");
      }),
    );
  });

  it("is read from the file as it is now, and one that is missing, too large or a folder is said to be", async () => {
    const tree = sysfs({ level: "17\n", large: "1".repeat(5000) });
    const files = filesOf();
    const read = (name: string) => openFile(worldOf("/sys", files), { ...level, path: tree.path(name) }).read(forever);
    expect(await read("level")).toMatchObject({ ok: true, values: [{ value: 17 }] });
    tree.write("level", "18\n");
    expect(await read("level")).toMatchObject({ ok: true, values: [{ value: 18 }] });
    expect(await read("none")).toEqual({ ok: false, problem: `${tree.path("none")} cannot be read (ENOENT)` });
    expect(await read("large")).toEqual({ ok: false, problem: `${tree.path("large")} cannot be read (it has more than 4096 bytes)` });
    expect(await read("")).toMatchObject({ ok: false, problem: expect.stringContaining("EISDIR") });
  });
});
