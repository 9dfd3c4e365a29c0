import { describe, expect, it } from "vitest";
import { checks } from "../../../agent/doctor/checks.ts";
import type { DiskFacts, Facts, UnitFacts } from "../../../agent/doctor/facts.ts";
import { examine, worstOf } from "../../../agent/doctor/finding.ts";
import { kept, say, told } from "../../../agent/doctor/sentence.ts";
import { factsOf, linesOf, machine, mended, now, said } from "./world.ts";

const disk = (changes: Partial<DiskFacts>): Partial<Facts> => {
  const { disk: fact } = machine();
  return "value" in fact ? { disk: { value: { ...fact.value, ...changes } } } : {};
};
const unit = (changes: Readonly<Record<string, string>>, texts?: UnitFacts["texts"]): Partial<Facts> => {
  const { unit: fact } = machine();
  if (!("value" in fact)) return {};
  return {
    unit: { value: { properties: new Map([...fact.value.properties, ...Object.entries(changes)]), texts: texts ?? fact.value.texts } },
  };
};
const boot = (text: string): Partial<Facts> => ({ boot: { value: { path: "/boot/firmware/config.txt", text } } });

describe("the checks", () => {
  it("find nothing on a machine on which all is well, and say what they looked at", () => {
    expect(said({})).toEqual([]);
    const findings = examine(checks, machine());
    expect(worstOf(findings)).toBe("ok");
    expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(checks.map(({ id }) => id)));
  });

  it("what cannot be looked at is said to be not checked, and never counts as well or as wrong", () => {
    const unknown = { unknown: say`nobody knows` };
    const { now: at, node, kernel, caller, configErrors } = machine();
    const names = ["machine", "config", "accounts", "chips", "boot", "pinmux", "programs", "supply", "clock", "disk", "journal"] as const;
    const more = ["files", "certificates", "sockets", "unit", "brokers", "agent"] as const;
    const blind = {
      now: at,
      node,
      kernel,
      caller,
      configErrors,
      ...Object.fromEntries([...names, ...more].map((name) => [name, unknown])),
    };
    const findings = examine(checks, blind as unknown as Facts);
    expect(findings.filter(({ check }) => check !== "node").map(({ level }) => level)).toEqual(checks.slice(1).map(() => "unchecked"));
    expect(worstOf(findings)).toBe("ok");
  });

  it("have an id of their own each, and say why they matter", () => {
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    for (const { why, about } of checks) expect([why, about]).toEqual([expect.stringMatching(/\w{3}/), expect.stringMatching(/\w{3}/)]);
  });
});

describe.each<[what: string, changes: Partial<Facts>, expected: RegExp[]]>([
  ["an old Node.js", { node: { version: "v18.20.4", oldest: "20.19" } }, [/^problem node: Node.js v18.20.4 is too old/]],
  ["20.9, which is older than 20.19", { node: { version: "v20.9.0", oldest: "20.19" } }, [/^problem node/]],
  [
    "a configuration that is wrong",
    { configErrors: [{ what: say`line 3 is wrong`, mend: [] }] },
    [/^problem configuration: line 3 is wrong/],
  ],
  ["an old kernel", { kernel: "5.4.51-v7l+" }, [/^problem gpio: Linux 5.4.51-v7l\+ has no character device v2/]],
  [
    "no chip",
    { chips: { value: { driver: "auto", from: "kernel", chips: [] } } },
    [/^problem gpio/, /^problem lines: input porch/, /^problem lines: output lamp/, /^unchecked boot-levels/],
  ],
  [
    "a driver without pulls",
    { chips: { value: { driver: "sysfs", from: "agent", chips: [linesOf("pinctrl-bcm2711", 58)] } } },
    [/^note gpio: the driver sysfs/],
  ],
  [
    "a line that another program holds",
    { chips: { value: { driver: "chardev", from: "kernel", chips: [linesOf("pinctrl-bcm2711", 58, { 22: "lirc" })] } } },
    [/^problem lines: output lamp: GPIO22 is held by lirc$/],
  ],
  [
    "a line that pinbus itself holds",
    { chips: { value: { driver: "chardev", from: "agent", chips: [linesOf("pinctrl-bcm2711", 58, { 22: "own:pinbus:lamp" })] } } },
    [],
  ],
  [
    "1-wire on a configured line",
    boot("dtoverlay=w1-gpio,gpiopin=22\n"),
    [/^problem overlays: output lamp: 1-wire takes GPIO22 \(dtoverlay=w1-gpio,gpiopin=22 in \/boot/],
  ],
  [
    "1-wire on a configured line, in two lines",
    boot("dtoverlay=w1-gpio\ndtparam=gpiopin=22\n"),
    [/^problem overlays: output lamp: 1-wire takes GPIO22 \(dtoverlay=w1-gpio, dtparam=gpiopin=22 in \/boot/],
  ],
  [
    "1-wire on a configured line of a board that this may be",
    boot("dtoverlay=w1-gpio\n[pi4]\ndtparam=gpiopin=22\n"),
    [/^warning overlays: output lamp: 1-wire takes GPIO22/],
  ],
  ["a parameter after an overlay that was closed", boot("dtoverlay=w1-gpio\ndtoverlay=\ndtparam=gpiopin=22\n"), []],
  ["1-wire elsewhere", boot("dtoverlay=w1-gpio\n"), []],
  [
    "an overlay for another board, perhaps",
    boot("[pi5]\ndtoverlay=w1-gpio:gpiopin=22\n[all]\n"),
    [/^warning overlays: .*, if \[pi5\] is this board\)/],
  ],
  [
    "a device that has a line now",
    { pinmux: { value: [{ gpio: 17, owner: "fe804000.i2c" }] } },
    [/^problem overlays: input porch: the kernel has given GPIO17 to fe804000.i2c/],
  ],
  [
    "pigpiod",
    { programs: { value: [{ name: "pigpiod", pid: 311 }] } },
    [/^warning programs: pigpiod runs \(process 311\): it drives lines past the kernel/],
  ],
  ["a weak supply", { supply: { value: 0x50005 } }, [/^problem supply: now: under-voltage, the processor is throttled/]],
  ["a supply that was weak", { supply: { value: 0x10000 } }, [/^warning supply: since the boot, not now: under-voltage/]],
  ["a clock that is not set", { clock: { value: { synchronized: false, service: false } } }, [/^warning clock: .*nothing is enabled/]],
  [
    "a read-only disk",
    disk({ mount: { device: "/dev/mmcblk0p2", point: "/", options: ["ro", "noatime"] } }),
    [/^problem disk: .* read-only/],
  ],
  ["a full disk", disk({ bytes: { total: 1e9, free: 5e6 } }), [/^problem disk: 4 MB are left/]],
  ["a disk that is nearly full", disk({ bytes: { total: 1e10, free: 1.5e8 } }), [/^warning disk: 143 MB are left/]],
  ["no inodes", disk({ files: { total: 1000, free: 3 } }), [/^warning disk: 3 files are left/]],
  ["a card without noatime", disk({ mount: { device: "/dev/mmcblk0p2", point: "/", options: ["rw", "relatime"] } }), [/^note sd-card/]],
  ["a card that is written to all day", disk({ written: { bytes: 40 * 1024 ** 3, uptimeS: 86_400 } }), [/^warning sd-card: 40 GB a day/]],
  ["a journal in memory", { journal: { value: "volatile" } }, [/^note journal: the journal is kept in memory only/]],
  [
    "a broker with a wrong password",
    {
      brokers: {
        value: [
          {
            server: "b:1883",
            steps: [{ step: "tcp", ms: 1 }],
            failed: { step: "connack", why: say`refused` },
            refused: [],
            certificate: null,
            version: "5",
          },
        ],
      },
    },
    [/^problem broker: b:1883, the broker accepts us \(CONNACK\): refused \(done: tcp 1 ms\)/],
  ],
  [
    "a broker that refuses commands",
    {
      brokers: {
        value: [
          {
            server: "b:1883",
            steps: [{ step: "read-back", ms: 1 }],
            failed: null,
            refused: ["pinbus/garage/out/+/set"],
            certificate: null,
            version: "5",
          },
        ],
      },
    },
    [/^problem broker: b:1883 refuses 1 of the agent's subscriptions: pinbus\/garage\/out\/\+\/set/],
  ],
  [
    "a slow broker",
    {
      brokers: {
        value: [{ server: "b:1883", steps: [{ step: "tcp", ms: 1800 }], failed: null, refused: [], certificate: null, version: "5" }],
      },
    },
    [/^warning broker: b:1883 is slow: tcp 1800 ms/],
  ],
  [
    "a certificate that has expired",
    { certificates: { value: [{ role: "mqtt.cert", path: "/c.pem", from: 0, to: now - 86_400_000 * 3 }] } },
    [/^problem certificates: the certificate mqtt.cert, \/c.pem expired 3 days ago/],
  ],
  [
    "a certificate that ends soon",
    { certificates: { value: [{ role: "mqtt.cert", path: "/c.pem", from: 0, to: now + 86_400_000 * 5 }] } },
    [/^warning certificates: .* ends in 5 days/],
  ],
  [
    "a key that everybody may read",
    { files: { value: [{ role: "mqtt.key", path: "/k.pem", kind: "secret", mode: 0o644, owner: "root", group: "root" }] } },
    [/^problem permissions: everybody may read mqtt.key, \/k.pem/],
  ],
  [
    "a key that the service may not read",
    { files: { value: [{ role: "mqtt.key", path: "/k.pem", kind: "secret", mode: 0o640, owner: "root", group: "root" }] } },
    [/^problem permissions: the user pinbus may not read mqtt.key, \/k.pem/],
  ],
  [
    "a configuration that the service may not read",
    { files: { value: [{ role: "the configuration", path: "/c", kind: "open", mode: 0o600, owner: "pi", group: "pi" }] } },
    [/^problem permissions: the user pinbus may not read the configuration/],
  ],
  [
    "a credential of root's, which systemd hands over",
    { files: { value: [{ role: "a credential", path: "/c", kind: "credential", mode: 0o600, owner: "root", group: "root" }] } },
    [],
  ],
  [
    "a configuration that everybody may write",
    { files: { value: [{ role: "the configuration", path: "/c.yaml", kind: "open", mode: 0o666, owner: "root", group: "root" }] } },
    [/^problem permissions: everybody may write the configuration/],
  ],
  [
    "a folder of everybody's, where nobody replaces what is another's",
    { files: { value: [{ role: "its folder", path: "/tmp", kind: "open", mode: 0o1777, owner: "root", group: "root" }] } },
    [],
  ],
  [
    "nobody in the group gpio",
    {
      accounts: {
        value: {
          groups: new Map([
            ["gpio", []],
            ["pinbus-op", []],
            ["pinbus-view", []],
          ]),
          daemon: true,
        },
      },
    },
    [/^problem groups: the user pinbus is not in the group gpio/],
  ],
  [
    "a person in the daemon's own group",
    {
      accounts: {
        value: {
          groups: new Map([
            ["gpio", ["pinbus"]],
            ["pinbus-op", []],
            ["pinbus-view", []],
            ["pinbus", ["pinbus", "eve"]],
          ]),
          daemon: true,
        },
      },
    },
    [/^warning groups: in the group pinbus, which may read passwords: eve/],
  ],
  ["somebody in neither group", { caller: { user: "pi", root: false, groups: ["pi"] } }, [/^note groups: pi is in neither/]],
  ["a service that is not enabled", unit({ UnitFileState: "disabled" }), [/^warning service: .* does not start at boot/]],
  [
    "a service that has failed",
    unit({ ActiveState: "failed", SubState: "failed", Result: "exit-code", ExecMainStatus: "78" }),
    [/^problem service: the service has failed: exit-code, exit status 78/],
  ],
  [
    "a service that ends again and again",
    unit({ ActiveState: "activating", SubState: "auto-restart", NRestarts: "31" }),
    [/^problem service: .* again and again/, /^warning service: .* 31 times/],
  ],
  ["no service", unit({ LoadState: "not-found" }, []), [/^note service: the service is not installed here/]],
  [
    "sysfs without its drop-in",
    { config: factsOf("gpio: { driver: sysfs }\n") },
    [/^problem drop-in: the unit lacks ReadWritePaths=-\/sys\/class\/gpio -\/sys\/devices/],
  ],
  [
    "an agent that hangs",
    { sockets: { value: [{ setting: "control.socket", path: "/s", group: "pinbus-op", mode: 0o660, answer: "silent" }] } },
    [/^problem sockets: the agent does not answer/],
  ],
  [
    "a socket that an agent left behind",
    { sockets: { value: [{ setting: "control.socket", path: "/s", group: "pinbus-op", mode: 0o660, answer: "refused" }] } },
    [/^problem sockets: nobody listens/],
  ],
  [
    "a socket for everybody",
    { sockets: { value: [{ setting: "control.socket", path: "/s", group: "pinbus-op", mode: 0o666, answer: "answers" }] } },
    [/^problem sockets: everybody may operate/],
  ],
  [
    "a socket to look for everybody",
    { sockets: { value: [{ setting: "control.view", path: "/s", group: "pinbus-view", mode: 0o666, answer: "answers" }] } },
    [/^warning sockets: everybody may look/],
  ],
  [
    "a folder that is missing, and that the service cannot make",
    {
      config: factsOf("state_dir: /srv/my data\n"),
      ...disk({ exists: false }),
      files: { value: [{ role: "state_dir", path: "/srv/my data", kind: "open", mode: null, owner: "", group: "" }] },
    },
    [
      /^problem drop-in: state_dir: there is no folder \/srv\/my data, and/,
      /^problem drop-in: the unit lacks ReadWritePaths="-\/srv\/my data"/,
    ],
  ],
  ["a folder that the service makes", disk({ exists: false }), [/^note disk: state_dir is not there yet; the service makes it/]],
  [
    "an agent that is not well",
    { agent: { value: { health: "degraded", problems: [kept("problem", "the clock is not set")] } } },
    [/^warning agent: the clock is not set$/],
  ],
  [
    "the simulated board",
    { config: factsOf("gpio: { driver: sim }\noutputs: { lamp: { line: 5 } }\n") },
    [/^note gpio: gpio.driver is sim/],
  ],
])("%s", (_, changes, expected) => {
  it("is found, and nothing else", () => {
    expect(said(changes)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });
});

describe("the overlay of a PWM line", () => {
  const fan = { config: factsOf("pwm: { vent: { line: 18, kind: fan }, rack: { line: 19, kind: fan } }\n") };
  it.each([
    ["that gives both lines", "dtoverlay=pwm-2chan\n", []],
    [
      "that is not there",
      "",
      [/^problem overlays: pwm vent: nothing gives GPIO18 the PWM in \/boot/, /^problem overlays: pwm rack: .*GPIO19/],
    ],
    ["that gives another line", "dtoverlay=pwm,pin=12,func=4\ndtoverlay=pwm,pin=19,func=2\n", [/^problem overlays: pwm vent/]],
    ["of another device", "dtoverlay=pwm-2chan\ndtoverlay=gpio-ir\n", [/^problem overlays: pwm vent: the infrared receiver takes GPIO18/]],
  ])("%s", (_, text, expected) => {
    const found = said({ ...fan, ...boot(text) }).filter((line) => line.includes(" overlays: "));
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  it("is named as the line for config.txt", () => {
    expect(mended("overlays", { ...fan, ...boot("") })[0]).toMatch(/^add dtoverlay=pwm-2chan to \/boot\/firmware\/config.txt/);
  });
});

describe("the level of an output's line at boot", () => {
  const outputs = (text: string) => ({ config: factsOf(`outputs: { lamp: ${text} }\n`) });

  it.each([
    [
      "GPIO5, pulled up, switches an active-high relay on",
      "{ line: 5 }",
      "",
      [/^warning boot-levels: output lamp: GPIO5 is pulled up from power-on/],
    ],
    ["GPIO8 is the last that is pulled up", "{ line: pin24 }", "", [/^warning boot-levels: output lamp: GPIO8/]],
    ["GPIO9 is pulled down", "{ line: 9 }", "", []],
    [
      "GPIO17, pulled down, may switch an active-low relay on",
      "{ line: 17, active: low }",
      "",
      [/^note boot-levels: output lamp: GPIO17 is pulled down/],
    ],
    ["GPIO5 is right for an active-low relay", "{ line: 5, active: low }", "", []],
    ["the firmware drives it low", "{ line: 5 }", "gpio=5=op,dl\n", []],
    [
      "the firmware drives it high",
      "{ line: 5 }",
      "gpio=2-6=op,dh\n",
      [/^warning boot-levels: .* drives GPIO5 to the level that switches it on/],
    ],
    ["of two lines for it the last one counts", "{ line: 5 }", "gpio=5=op,dl\ngpio=5=op,dh\n", [/^warning boot-levels: .* drives GPIO5/]],
    ["of two lines for it the last one counts", "{ line: 5 }", "gpio=5=op,dh\ngpio=5=op,dl\n", []],
    ["the firmware pulls it down", "{ line: 5 }", "gpio=5=pd\n", []],
    ["the firmware pulls it up", "{ line: 22 }", "gpio=20,22=pu\n", [/^warning boot-levels: output lamp: GPIO22 is pulled up/]],
    [
      "the serial port idles high on GPIO14",
      "{ line: 14 }",
      "enable_uart=1\n",
      [/^problem overlays: .* serial port takes GPIO14/, /^warning boot-levels: output lamp: GPIO14/],
    ],
    ["what holds for another board only is not believed", "{ line: 5 }", "[pi3]\ngpio=5=op,dl\n", [/^warning boot-levels/]],
  ])("%s", (_, output, text, expected) => {
    expect(said({ ...outputs(output), ...boot(text) })).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  it("is not known of a Pi 5, which is said", () => {
    const chips: Facts["chips"] = { value: { driver: "chardev", from: "kernel", chips: [linesOf("pinctrl-rp1", 54)] } };
    expect(said({ ...outputs("{ line: 5 }"), chips })).toEqual([
      expect.stringMatching(/^unchecked boot-levels: .*pinctrl-rp1 are not known/),
    ]);
  });

  it("has a line for config.txt", () => {
    expect(mended("boot-levels", outputs("{ line: 5 }"))[0]).toMatch(/^add gpio=5=op,dl to \/boot\/firmware\/config.txt/);
    expect(mended("boot-levels", outputs("{ line: 5 }"))[1]).toMatch(/GPIO9 to GPIO27 but GPIO14/);
    expect(mended("boot-levels", outputs("{ line: 17, active: low }"))[0]).toMatch(/^add gpio=17=op,dh /);
  });
});

describe("what mends", () => {
  const key = { role: "mqtt.key", path: "/my keys/k", kind: "secret", mode: 0o644, owner: "root", group: "root" } as const;

  it("a key that everybody may read leaves it to the service", () => {
    expect(mended("permissions", { files: { value: [key] } })).toEqual(["sudo chgrp pinbus '/my keys/k' && sudo chmod 640 '/my keys/k'"]);
    expect(mended("permissions", { files: { value: [{ ...key, kind: "credential" }] } })).toEqual(["sudo chmod o-rwx '/my keys/k'"]);
  });

  it("a folder that is missing comes before the drop-in, whose commands start the service", () => {
    const files: Facts["files"] = { value: [{ role: "state_dir", path: "/srv/x", kind: "open", mode: null, owner: "", group: "" }] };
    expect(mended("drop-in", { config: factsOf("state_dir: /srv/x\n"), files })).toEqual(["sudo install -d -o pinbus -g pinbus /srv/x"]);
  });

  it("a disk that is read-only by its errors is saved before it is written to", () => {
    const mend = mended("disk", disk({ mount: { device: "/dev/mmcblk0p2", point: "/", options: ["ro"] } }));
    expect(mend.findIndex((text) => text.includes("fsck"))).toBeLessThan(mend.findIndex((text) => text.includes("remount,rw")));
  });
});

describe("a sentence", () => {
  it("keeps at home what is not told", () => {
    const sentence = say`the broker ${kept("broker", "nas.home")} refused us (${told("code 5")}, ${3} times)`;
    expect(sentence).toEqual({
      here: "the broker nas.home refused us (code 5, 3 times)",
      abroad: "the broker (broker) refused us (code 5, 3 times)",
    });
  });
});
