import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { unitGaps } from "../../../agent/command/check.ts";
import { dropInText, missingLines, type Named, textOf, unitLines } from "../../../agent/doctor/drop-in.ts";
import { readUnitTexts } from "../../../agent/doctor/gather/unit-files.ts";
import { loadConfig } from "../../../config/load.ts";
import { loadedOf } from "./world.ts";

const base = readFileSync(new URL("../../../systemd/pinbus.service", import.meta.url), "utf8");
/** As `service drop-in` reads it, which needs no password. */
const leaving = (text: string): Named => {
  const host = { hostname: "garage", machineId: "1" };
  const result = loadConfig({ text, env: {}, args: {}, host, secrets: "leave" });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result;
};
const needed = (text: string) => unitLines(leaving(text)).map(textOf);
const lacking = (text: string, ...texts: string[]) => missingLines(unitLines(loadedOf(text)), texts).map(textOf);

let root: string | undefined;
afterEach(() => root && rmSync(root, { recursive: true }));
function files(all: Readonly<Record<string, string>>): string {
  root = mkdtempSync(join(tmpdir(), "pinbus-units-"));
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe("what a configuration needs besides the unit", () => {
  it.each([
    ["nothing for the character device", "outputs: { lamp: { line: 17 } }", []],
    ["/sys for PWM", "pwm: { vent: { line: 18, kind: fan } }", ["ReadWritePaths=-/sys/class/pwm -/sys/devices"]],
    ["nothing for the PWM of the simulated board", "gpio: { driver: sim }\npwm: { vent: { line: 18, kind: fan } }", []],
    ["/sys for sysfs", "gpio: { driver: sysfs }", ["ReadWritePaths=-/sys/class/gpio -/sys/devices"]],
    ["nothing for a thermometer of the kernel", "sensors: { t: { driver: w1, id: 28-0316a2795bff } }", []],
    [
      "nothing for a chip, and for a program below /usr",
      "sensors: { t: { driver: iio, device: bme280 }, u: { driver: command, command: [/usr/bin/upsc, x] }, v: { driver: command, command: [/bin/v] } }",
      [],
    ],
    [
      "the input devices, for a key",
      "inputs: { pedal: { evdev: Pedal, key: KEY_F1 } }",
      ["SupplementaryGroups=input", "DeviceAllow=char-input r"],
    ],
    ["nothing for a key of the simulated board", "gpio: { driver: sim }\ninputs: { pedal: { evdev: Pedal, key: KEY_F1 } }", []],
    ["a program elsewhere, which may run", "sensors: { t: { driver: command, command: [/opt/t, x] } }", ["ExecPaths=/opt/t"]],
    [
      "a program at home, which has to be seen too",
      "sensors: { t: { driver: command, command: [/home/pi/t] } }",
      ["ProtectHome=tmpfs", "BindReadOnlyPaths=-/home/pi/t", "ExecPaths=/home/pi/t"],
    ],
    ["no program on the simulated board", "gpio: { driver: sim }\nsensors: { t: { driver: command, command: [/opt/t] } }", []],
    ["another state_dir, which may not be there yet", "state_dir: /srv/pinbus", ["ReadWritePaths=-/srv/pinbus"]],
    ["one folder for both sockets", "control: { socket: /srv/run/control.sock }", ["ReadWritePaths=-/srv/run"]],
    ["a folder in /run, which is empty at boot", "control: { socket: /run/foo/control.sock }", ["RuntimeDirectory=foo"]],
    ["nothing to own in a folder of the system's", "control: { socket: /run/lock/control.sock }", ["ReadWritePaths=-/run/lock"]],
    [
      "a state_dir in /run, which lasts over a restart of the service",
      "state_dir: /var/run/foo/bar",
      ["RuntimeDirectory=foo/bar", "RuntimeDirectoryPreserve=restart"],
    ],
    [
      "a state_dir at home, which has to be seen",
      "state_dir: /home/pi/state\nmqtt: { server: nas, ca: /home/pi/state/ca.pem }",
      ["ProtectHome=tmpfs", "BindPaths=-/home/pi/state"],
    ],
    [
      "the file of a password at home",
      "mqtt: { server: nas, username: u, password: { file: /home/pi/pw } }",
      ["ProtectHome=tmpfs", "BindReadOnlyPaths=-/home/pi/pw"],
    ],
    ["blanks and specifiers", 'state_dir: "/srv/my data/100%"', ['ReadWritePaths="-/srv/my data/100%%"']],
    ["quotes", `state_dir: '/srv/a"b\\c'`, ['ReadWritePaths="-/srv/a\\"b\\\\c"']],
    ["a sensor's device", "sensors: { level: { driver: file, path: /dev/level } }", ["DeviceAllow=/dev/level r"]],
    [
      "a file at home",
      "sensors: { level: { driver: file, path: /home/pi/level } }",
      ["ProtectHome=tmpfs", "BindReadOnlyPaths=-/home/pi/level"],
    ],
    [
      "a port below 1024",
      "broker: { listeners: [{ protocol: mqtt, port: 883 }] }",
      ["PrivateUsers=no", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "AmbientCapabilities=CAP_NET_BIND_SERVICE"],
    ],
    ["not the port of a broker that is not started", "mqtt: { server: nas }\nbroker: { listeners: [{ protocol: mqtt, port: 883 }] }", []],
  ])("%s", (_, config, expected) => {
    expect(needed(`${config}\n`)).toEqual(expected);
  });

  it("is a file of systemd that says why", () => {
    expect(dropInText([])).toBeUndefined();
    expect(dropInText(unitLines(loadedOf("gpio: { driver: sysfs }\nstate_dir: /srv/x\n")))).toBe(
      "# What this configuration needs besides pinbus.service; `pinbus service drop-in` prints it.\n[Service]\n" +
        "# gpio.driver is sysfs\nReadWritePaths=-/sys/class/gpio -/sys/devices\n# state_dir is there; if the folder is missing: sudo install -d -o pinbus -g pinbus /srv/x\nReadWritePaths=-/srv/x\n",
    );
  });
});

describe("what the installed unit lacks", () => {
  const sysfs = "gpio: { driver: sysfs }\n";

  it("is all of it with the unit alone, and nothing with what is printed", () => {
    for (const config of [
      sysfs,
      "state_dir: /srv/x\n",
      'state_dir: "/srv/my data/100%"\n',
      "state_dir: /home/pi/x\n",
      "control: { socket: /run/foo/control.sock }\n",
      "sensors: { l: { driver: file, path: /home/pi/l } }\n",
      "inputs: { pedal: { evdev: Pedal, key: KEY_F1 } }\n",
      "broker: { listeners: [{ protocol: mqtt, port: 883 }] }\n",
    ]) {
      const lines = unitLines(loadedOf(config));
      expect(missingLines(lines, [base])).toEqual(lines);
      expect(missingLines(lines, [base, dropInText(lines) ?? ""])).toEqual([]);
    }
  });

  it("is nothing when a folder above may be written", () => {
    expect(lacking("state_dir: /srv/pinbus/state\n", base, "[Service]\nReadWritePaths=/srv\n")).toEqual([]);
  });

  it("an empty value forgets what stood before", () => {
    expect(lacking(sysfs, base, "[Service]\nReadWritePaths=/sys\n", "[Service]\nReadWritePaths=\n")).toHaveLength(1);
  });

  it("is looked up where systemd looks: what is in /etc stands in place of what the package brings", () => {
    const folder = files({
      "usr/lib/systemd/system/pinbus.service": base,
      "usr/lib/systemd/system/pinbus.service.d/a.conf": "[Service]\nReadWritePaths=/a\n",
      "etc/systemd/system/pinbus.service.d/a.conf": "[Service]\nReadWritePaths=/b\n",
      "etc/systemd/system/pinbus.service.d/README": "not read",
    });
    expect(readUnitTexts(folder)).toEqual([base, "[Service]\nReadWritePaths=/b\n"]);
  });

  it("is said by `check`, unless the service is not installed", () => {
    expect(unitGaps(loadedOf(sysfs), files({}))).toEqual([]);
    rmSync(root ?? "", { recursive: true });
    const said = unitGaps(loadedOf(sysfs), files({ "lib/systemd/system/pinbus.service": base }));
    expect(said).toEqual([expect.stringMatching(/^warning: pinbus.service lacks ReadWritePaths=.*`pinbus service drop-in`/)]);
  });
});
