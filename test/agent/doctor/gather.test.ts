import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { callerOf, readNames } from "../../../agent/doctor/gather/accounts.ts";
import { gatherConfig } from "../../../agent/doctor/gather/config.ts";
import { within } from "../../../agent/doctor/gather/deadline.ts";
import { gatherBoot, gatherPinmux, gatherPrograms } from "../../../agent/doctor/gather/lines.ts";
import { addressesOf } from "../../../agent/doctor/gather/name.ts";
import { gatherCertificates, gatherFiles, gatherSockets } from "../../../agent/doctor/gather/service.ts";
import { gatherDisk, gatherJournal, gatherSupply } from "../../../agent/doctor/gather/system.ts";
import { makeAuthority } from "../../certificates.ts";
import { patience } from "../shell/fixture.ts";
import { configOf, loadedOf } from "./world.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pinbus-root-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string, mode = 0o644): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text, { mode });
  return join(root, path);
}
const { signal } = new AbortController();

describe("a machine that is only files", () => {
  it("has accounts, by their groups and by the group of a user", async () => {
    put("etc/passwd", "root:x:0:0::/root:/bin/sh\npinbus:x:990:989::/:/x\neve:x:1001:989::/:/x\n");
    put("etc/group", "root:x:0:\ngpio:x:997:pi,pinbus\npinbus:x:989:\n");
    const names = await readNames(root);
    expect(names.accounts).toEqual({
      value: {
        daemon: true,
        groups: new Map([
          ["root", ["root"]],
          ["gpio", ["pi", "pinbus"]],
          ["pinbus", ["pinbus", "eve"]],
        ]),
      },
    });
    expect(callerOf(names)).toMatchObject({ root: process.geteuid?.() === 0 });
  });

  it("has a configuration of its firmware, in the new place or the old one", async () => {
    expect(await gatherBoot(root)).toMatchObject({ unknown: { here: expect.stringContaining("config.txt") } });
    put("boot/config.txt", "old");
    expect(await gatherBoot(root)).toEqual({ value: { path: "/boot/config.txt", text: "old" } });
    put("boot/firmware/config.txt", "new");
    expect(await gatherBoot(root)).toEqual({ value: { path: "/boot/firmware/config.txt", text: "new" } });
  });

  it("has lines that devices hold", async () => {
    const text = [
      "Pinmux settings per pin",
      "Format: pin (name): mux_owner gpio_owner hog?",
      "pin 0 (gpio0): (MUX UNCLAIMED) (GPIO UNCLAIMED)",
      "pin 2 (gpio2): fe804000.i2c (GPIO UNCLAIMED) function alt0 group gpio2",
      "pin 17 (gpio17): (MUX UNCLAIMED) pinctrl-bcm2711:529",
      "pin 18 (gpio18): device fe203000.i2s function alt0 group gpio18",
    ];
    put("sys/kernel/debug/pinctrl/fe200000.gpio-pinctrl-bcm2711/pinmux-pins", `${text.join("\n")}\n`);
    expect(await gatherPinmux(root)).toEqual({
      value: [
        { gpio: 2, owner: "fe804000.i2c" },
        { gpio: 18, owner: "fe203000.i2s" },
      ],
    });
  });

  it("has programs that use lines, by their names or by what python runs", async () => {
    put("proc/12/comm", "pigpiod\n");
    put("proc/34/comm", "python3\n");
    put("proc/34/cmdline", "python3\0-m\0mqtt_io\0/etc/mqtt-io.yml\0");
    put("proc/56/comm", "bash\n");
    put("proc/57/comm", "man\n");
    put("proc/57/cmdline", "man\0pigpiod\0");
    put("proc/58/comm", "python3\n");
    put("proc/58/cmdline", "/usr/bin/python3\0/opt/edit.py\0pigpiod\0");
    put("proc/59/comm", "python3\n");
    put("proc/59/cmdline", "/usr/bin/python3\0-u\0/usr/local/bin/pi-mqtt-gpio\0config.yml\0");
    expect(await gatherPrograms(root)).toEqual({
      value: [
        { name: "pigpiod", pid: 12 },
        { name: "mqtt-io", pid: 34 },
        { name: "pi-mqtt-gpio", pid: 59 },
      ],
    });
  });

  it("has a supply, if it is a Raspberry Pi", async () => {
    expect(await gatherSupply(root, signal)).toMatchObject({ unknown: { here: expect.stringContaining("Raspberry Pi") } });
    put("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n");
    expect(await gatherSupply(root, signal)).toEqual({ value: 0x50005 });
  });

  it("has a journal where journald writes now", async () => {
    put("etc/machine-id", "abc\n");
    expect(await gatherJournal(root)).toEqual({ value: "none" });
    put("var/log/journal/abc/system.journal", "");
    expect(await gatherJournal(root)).toEqual({ value: "persistent" });
    put("run/log/journal/abc/system.journal", "");
    expect(await gatherJournal(root)).toEqual({ value: "volatile" });
  });

  it("has a disk below the next folder that exists, with what was written to it", async () => {
    const fact = await gatherDisk(join(root, "not", "there"));
    expect(fact).toMatchObject({ value: { path: root, exists: false, bytes: { total: expect.any(Number) } } });
    put("proc/self/mounts", "overlay / overlay rw 0 0\n/dev/x /tmp ext4 rw,noatime 0 0\n");
    const { dev } = await (await import("node:fs/promises")).stat(root);
    const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
    mkdirSync(join(root, "sys/dev/block"), { recursive: true });
    symlinkSync("../../devices/platform/mmc/block/mmcblk0/mmcblk0p2", join(root, "sys/dev/block", number));
    put("proc/diskstats", " 179 0 mmcblk0 1 0 1 0 5 0 2000 0 0 0 0\n 179 2 mmcblk0p2 1 0 1 0 5 0 1000 0 0 0 0\n");
    put("proc/uptime", "3600.5 1.0\n");
    expect(await gatherDisk(root, root)).toMatchObject({
      value: {
        exists: true,
        mount: { device: "/dev/mmcblk0p2", point: "/tmp", options: ["rw", "noatime"] },
        written: { bytes: 1_024_000, uptimeS: 3600.5 },
      },
    });
  });

  it("has secrets with their modes", async () => {
    const key = put("key.pem", "x", 0o604);
    const password = put("pw", "x", 0o640);
    const mqtt = `{ server: nas, tls: on, cert: ${key}, key: ${key}, username: u, password: { file: ${password} } }`;
    const loaded = loadedOf(`state_dir: ${root}\ncontrol: { socket: ${root}/none/c.sock }\nmqtt: ${mqtt}\n`);
    const named = { ...loaded, file: put("pinbus.yaml", "") };
    const fact = await gatherFiles(named, join(root, "none"), { users: new Map(), groups: new Map() });
    const found = "value" in fact ? fact.value.map(({ role, kind, mode }) => [role, kind, mode]) : [];
    expect(found).toEqual(
      expect.arrayContaining([
        ["mqtt.key", "secret", 0o604],
        ["a password", "secret", 0o640],
        ["the folder of control.socket", "open", null],
        ["the folder of the credentials", "credential", null],
      ]),
    );
    expect(found.filter(([role]) => role === "a password")).toHaveLength(1);
  });
});

it("of a chain the first end counts, of several authorities the last one", () => {
  const ca = makeAuthority();
  try {
    const [soon, later] = [ca.issue("soon", { to: 3 }), ca.issue("later", { to: 20 })];
    const both = put("both.pem", `${readFileSync(soon.cert, "utf8")}${readFileSync(later.cert, "utf8")}`);
    const config = configOf(`mqtt: { server: nas, tls: on, cert: ${both}, key: ${soon.key}, ca: ${both} }\n`);
    const days = gatherCertificates(config).map(({ role, to }) => [role, Math.round((to - Date.now()) / 86_400_000)]);
    expect(days).toEqual([
      ["mqtt.cert", 3],
      ["mqtt.ca", 20],
    ]);
  } finally {
    ca.clean();
  }
});

describe("a control socket", () => {
  const answers = async (path: string, until = signal, name = { users: new Map<number, string>(), groups: new Map<number, string>() }) => {
    const fact = await gatherSockets({ control: { socket: path, view: join(root, "view.sock") } }, name, until);
    return "value" in fact ? fact.value.map(({ answer }) => answer) : [];
  };

  it("is absent, or hangs, or answers", async () => {
    const path = join(root, "control.sock");
    expect(await answers(path)).toEqual(["absent", "absent"]);
    const server = createServer((socket) => socket.on("error", () => undefined)).listen(path);
    await new Promise((resolve) => server.once("listening", resolve));
    expect(await answers(path, AbortSignal.timeout(300))).toEqual(["silent", "absent"]);
    server.on("connection", (socket) => socket.on("data", () => socket.end("{}\n")));
    expect(await answers(path)).toEqual(["answers", "absent"]);
    server.close();
  });
});

describe("a name", () => {
  it("is looked up as the machine does it", async () => {
    expect(await addressesOf("localhost", signal)).toContainEqual({
      address: expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/),
      family: expect.any(Number),
    });
    await expect(addressesOf("nobody.invalid", signal)).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
  });

  it("is given up at the signal, and holds nobody afterwards", async () => {
    const pid = join(root, "pid");
    const program = put("getent", `#!/bin/sh\necho $$ > ${pid}\nexec sleep 60\n`, 0o755);
    const ending = new AbortController();
    const asked = addressesOf("nas", ending.signal, program);
    await vi.waitFor(() => expect(readFileSync(pid, "utf8")).toMatch(/\n/), patience);
    ending.abort();
    await expect(asked).rejects.toThrow();
    await vi.waitFor(() => expect(() => process.kill(Number(readFileSync(pid, "utf8")), 0)).toThrow(), patience);
  });
});

describe("a configuration", () => {
  it("without a password that can be read is known but for that", () => {
    const file = put("pinbus.yaml", "mqtt: { server: nas, username: pi, password: { file: nowhere } }\n");
    const { fact, errors, secrets } = gatherConfig({ config: file }, {});
    expect(secrets).toBe(false);
    expect(fact).toMatchObject({ value: { config: { mqtt: { server: ["nas"] } } } });
    expect(errors).toEqual([
      expect.objectContaining({ what: { here: expect.stringContaining("nowhere"), abroad: "error in line 1, column 46" } }),
    ]);
  });

  it("that is missing is made by init", () => {
    const { fact, errors } = gatherConfig({ config: join(root, "none.yaml") }, {});
    expect(fact).toHaveProperty("unknown");
    expect(errors[0]?.mend[0]?.here).toMatch(/^sudo pinbus init/);
  });
});

describe("the deadline", () => {
  it("ends what does not answer, and tells it to stop", async () => {
    let stopped = false;
    const fact = await within(
      (until) =>
        new Promise<never>(() => {
          until.addEventListener("abort", () => {
            stopped = true;
          });
        }),
      50,
    );
    expect(fact).toMatchObject({ unknown: { here: "no answer within 0.05 s" } });
    expect(stopped).toBe(true);
  });

  it("does not count what this process is busy with itself", async () => {
    const { promise, resolve } = withResolver();
    const fact = within(() => promise.then(() => ({ value: "there" })), 300);
    const busyUntil = performance.now() + 600;
    while (performance.now() < busyUntil);
    setTimeout(resolve, 20);
    expect(await fact).toEqual({ value: "there" });
  });

  it("an error is a reason that stays here", async () => {
    const fact = await within(() => Promise.reject(new Error("/home/pi/secret")));
    expect(fact).toEqual({ unknown: { here: "/home/pi/secret", abroad: "(reason)" } });
  });
});

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
