import { checks } from "../../../agent/doctor/checks.ts";
import type { Facts, LineFacts } from "../../../agent/doctor/facts.ts";
import { examine } from "../../../agent/doctor/finding.ts";
import { type LoadResult, loadConfig } from "../../../config/load.ts";
import type { Config } from "../../../config/schema.ts";

export const now = Date.UTC(2027, 0, 1);
const day = 86_400_000;
const gigabyte = 1024 ** 3;

export function configOf(text: string): Config {
  return loadedOf(text).config;
}

export function loadedOf(text: string): LoadResult & { ok: true } {
  const result: LoadResult = loadConfig({ text, env: {}, args: {}, host: { hostname: "garage", machineId: "1" } });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result;
}

export function linesOf(label: string, count: number, held: Readonly<Record<number, string>> = {}): { label: string; lines: LineFacts[] } {
  const line = (offset: number) => ({
    offset,
    name: `GPIO${offset}`,
    holder: held[offset] ?? "",
    own: held[offset]?.startsWith("own:") ?? false,
  });
  return { label, lines: Array.from({ length: count }, (_, offset) => line(offset)) };
}

export const factsOf = (config: string): Facts["config"] => ({
  value: { file: "/etc/pinbus/pinbus.yaml", standard: true, config: configOf(config), files: loadedOf(config).files, warnings: [] },
});

/** A Pi 4 on which all is well, but for `changes`. */
export function machine(changes: Partial<Facts> = {}): Facts {
  return {
    now,
    node: { version: "v20.19.4", oldest: "20.19" },
    kernel: "6.12.47+rpt-rpi-v8",
    machine: {
      value: {
        hostname: "garage",
        model: "Raspberry Pi 4 Model B",
        os: "Debian GNU/Linux 12",
        memory: "4.1 GB",
        disks: ["mmcblk0 SD 62.5 GB"],
        network: ["eth0 up", "wlan0 down"],
      },
    },
    caller: { user: "pi", root: false, groups: ["pi", "pinbus-op"] },
    config: factsOf("inputs: { porch: { line: 17, bias: pull-up, active: low } }\noutputs: { lamp: { line: 22 } }\n"),
    configErrors: [],
    accounts: {
      value: {
        groups: new Map([
          ["gpio", ["pinbus", "pi"]],
          ["pinbus", ["pinbus"]],
          ["pinbus-op", ["pi"]],
          ["pinbus-view", []],
        ]),
        daemon: true,
      },
    },
    chips: { value: { driver: "chardev", from: "kernel", chips: [linesOf("pinctrl-bcm2711", 58), linesOf("raspberrypi-exp-gpio", 8)] } },
    boot: { value: { path: "/boot/firmware/config.txt", text: "[all]\n" } },
    pinmux: { value: [] },
    programs: { value: [] },
    supply: { value: 0 },
    clock: { value: { synchronized: true, service: true } },
    disk: {
      value: {
        path: "/var/lib/pinbus",
        exists: true,
        bytes: { total: 30 * gigabyte, free: 20 * gigabyte },
        files: { total: 1_000_000, free: 900_000 },
        mount: { device: "/dev/mmcblk0p2", point: "/", options: ["rw", "noatime"] },
        written: { bytes: gigabyte, uptimeS: 86_400 },
      },
    },
    journal: { value: "persistent" },
    files: {
      value: [{ role: "the configuration", path: "/etc/pinbus/pinbus.yaml", kind: "open", mode: 0o640, owner: "root", group: "pinbus" }],
    },
    certificates: { value: [{ role: "mqtt.ca", path: "/etc/pinbus/ca.pem", from: now - day, to: now + 300 * day }] },
    sockets: {
      value: [
        { setting: "control.socket", path: "/run/pinbus/control.sock", group: "pinbus-op", mode: 0o660, answer: "answers" },
        { setting: "control.view", path: "/run/pinbus/view.sock", group: "pinbus-view", mode: 0o660, answer: "answers" },
      ],
    },
    unit: {
      value: {
        properties: new Map([
          ["LoadState", "loaded"],
          ["ActiveState", "active"],
          ["SubState", "running"],
          ["UnitFileState", "enabled"],
          ["NRestarts", "0"],
          ["NeedDaemonReload", "no"],
        ]),
        texts: ["[Service]\nProtectHome=yes\n"],
      },
    },
    agent: { value: { health: "ok", problems: [] } },
    brokers: {
      value: [
        {
          server: "192.168.1.10:1883",
          steps: [
            { step: "tcp", ms: 1 },
            { step: "connack", ms: 2 },
            { step: "suback", ms: 2 },
            { step: "publish", ms: 2 },
            { step: "read-back", ms: 1 },
          ],
          failed: null,
          refused: [],
          certificate: null,
          version: "5",
        },
      ],
    },
    ...changes,
  };
}

/** What is not well, as `level check: sentence`; `ok` only if asked for. */
export function said(changes: Partial<Facts>, withOk = false): string[] {
  const findings = examine(checks, machine(changes)).filter(({ level }) => withOk || level !== "ok");
  return findings.map(({ check, level, what }) => `${level} ${check}: ${what.here}`);
}

/** The commands for the first finding of this check that is not well. */
export function mended(check: string, changes: Partial<Facts>): string[] {
  const found = examine(checks, machine(changes)).find((finding) => finding.check === check && finding.level !== "ok");
  return (found?.mend ?? []).map(({ here }) => here);
}
