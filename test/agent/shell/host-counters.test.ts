import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readHostCounters } from "../../../agent/shell/host-counters.ts";
import { tempFolder } from "./fixture.ts";

const ipv4 = { address: "192.168.1.40", family: "IPv4", internal: false } as never;
const ipv6 = { address: "fe80::1", family: "IPv6", internal: false } as never;
const inside = { address: "127.0.0.1", family: "IPv4", internal: true } as never;

it("ticks, bytes written to whole disks and addresses of this machine", async () => {
  const root = tempFolder();
  mkdirSync(join(root, "proc"));
  writeFileSync(join(root, "proc/stat"), "cpu  100 5 20 800 50 0 10 15 7 7\ncpu0 50 0 0 0 0 0 0 0 0 0\n");
  const disks = [
    "   7  0 loop0 0 0 0 0 9 9 999 0",
    " 179  0 mmcblk0 1 2 3 4 5 6 1000 8 0 9 10",
    " 179  1 mmcblk0p1 1 2 3 4 5 6 1000 8 0 9 10",
  ];
  writeFileSync(join(root, "proc/diskstats"), `${disks.join("\n")}\n`);
  expect(readHostCounters(root, { lo: [inside], wlan0: [ipv6, ipv4], eth0: [] })).toEqual({
    "host/cpu/busy": "150",
    "host/cpu/total": "1000",
    "host/disk/written": "512000",
    "host/network/wlan0/address": "192.168.1.40",
  });
});

it("what a machine does not tell is absent, never 0", async () => {
  expect(readHostCounters(tempFolder(), {})).toEqual({});
});
