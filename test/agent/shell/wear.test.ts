import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { readHost } from "../../../agent/shell/host.ts";
import { readWear } from "../../../agent/shell/wear.ts";
import { tempFolder } from "./fixture.ts";

/** Files as the kernel has them below /sys/block. */
function blocks(files: Record<string, string>): string {
  const root = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, "sys/block", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return root;
}

it("an eMMC tells how much of its life is used, the worse of its two kinds of memory, and what is left of its reserve", async () => {
  const root = blocks({
    "mmcblk0/device/life_time": "0x01 0x02\n",
    "mmcblk0/device/pre_eol_info": "0x01\n",
    "mmcblk0boot0/device/life_time": "0x05 0x05\n",
    "loop0/size": "0\n",
  });
  expect(readWear(root)).toEqual({ "host/wear/mmcblk0/used": "20", "host/wear/mmcblk0/reserve": "normal" });
  expect(await readHost({ stateDir: "/nowhere", root })).toMatchObject({ "host/wear/mmcblk0/used": "20" });
});

it.each([
  ["a life that is over", "0x0b 0x01\n", "0x03\n", { used: "110", reserve: "urgent" }],
  ["one that says of neither", "0x00 0x00\n", "0x00\n", {}],
  ["an SD card", undefined, undefined, {}],
  ["nonsense", "0xff \u001b[31m\n", "0x09\n", {}],
  ["an empty file", "", "", {}],
])("%s", (_, life, reserve, told) => {
  const root = blocks({
    "mmcblk1/device/type": "SD\n",
    ...(life !== undefined && { "mmcblk1/device/life_time": life }),
    ...(reserve !== undefined && { "mmcblk1/device/pre_eol_info": reserve }),
  });
  expect(readWear(root)).toEqual(Object.fromEntries(Object.entries(told).map(([name, value]) => [`host/wear/mmcblk1/${name}`, value])));
});

it("a machine without /sys/block says nothing", () => {
  expect(readWear("/nowhere")).toEqual({});
});
