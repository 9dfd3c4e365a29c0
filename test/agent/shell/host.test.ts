import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { readHost } from "../../../agent/shell/host.ts";
import { tempFolder } from "./fixture.ts";

/** A machine of files. */
function machine(files: Record<string, string>): string {
  const root = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const nowhere = { stateDir: "/nowhere" };

it("this machine's load, memory, uptime and disk are numbers", async () => {
  const values = await readHost({ stateDir: tempFolder() });
  for (const name of ["load/1min", "load/5min", "load/15min", "memory/used", "memory/total", "disk/used", "disk/total", "disk/free"]) {
    expect(Number(values[`host/${name}`]), name).toBeGreaterThanOrEqual(0);
  }
  expect(Number(values["host/memory/used"])).toBeLessThan(Number(values["host/memory/total"]));
  expect(values["host/uptime"]).toMatch(/^\d+ seconds$/);
});

it("a Pi with a weak supply, on Wi-Fi", async () => {
  const root = machine({
    "proc/loadavg": "0.52 0.58 0.59 1/389 12345\n",
    "proc/uptime": "3600.42 13000.10\n",
    "proc/meminfo":
      "MemTotal:         948280 kB\nMemFree:          100000 kB\nMemAvailable:     648280 kB\nSwapTotal:        102396 kB\nSwapFree:         102396 kB\n",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    "proc/net/dev":
      "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
      "    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n wlan0: 3431861 17820 0 0 0 0 0 0  915000 9000 0 0 0 0 0 0\n",
    "proc/net/wireless":
      "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n wlan0: 0000   58.  -52.  -256        0      0      0      0      0        0\n",
  });
  expect(await readHost({ ...nowhere, root })).toEqual({
    "host/load/1min": "0.52",
    "host/load/5min": "0.58",
    "host/load/15min": "0.59",
    "host/uptime": "3600 seconds",
    "host/memory/total": "971038720",
    "host/memory/used": "307200000",
    "host/swap/total": "104853504",
    "host/swap/used": "0",
    "host/temperature": "48.3",
    "host/throttled": "0x50005",
    "host/throttled/now": "ON",
    "host/throttled/since_boot": "ON",
    "host/under_voltage/now": "ON",
    "host/under_voltage/since_boot": "ON",
    "host/network/wlan0/received": "3431861",
    "host/network/wlan0/sent": "915000",
    "host/wifi/wlan0/signal": "-52",
  });
});

it("a Pi 5 says what its firmware says in a folder with an address", async () => {
  const root = machine({ "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "0\n" });
  expect(await readHost({ ...nowhere, root })).toEqual({
    "host/throttled": "0x0",
    "host/throttled/now": "OFF",
    "host/throttled/since_boot": "OFF",
    "host/under_voltage/now": "OFF",
    "host/under_voltage/since_boot": "OFF",
  });
});

it("what a machine does not have, or says in another way, is absent", async () => {
  expect(await readHost({ ...nowhere, root: machine({}) })).toEqual({});
  const root = machine({
    "proc/loadavg": "nan\n",
    "proc/uptime": "",
    "proc/meminfo": "MemTotal: many\n",
    "sys/class/thermal/thermal_zone0/temp": "hot\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "VCHI initialization failed\n",
    "proc/net/dev": "nothing\n",
    "proc/net/wireless": "nothing\n",
  });
  expect(await readHost({ ...nowhere, root })).toEqual({});
});
