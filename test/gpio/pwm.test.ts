import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { boardPwms, findPwm } from "../../gpio/pwm-board.ts";
import { pwmOverlay } from "../../gpio/pwm-overlay.ts";
import { openSimPwm, SimPwmBoard } from "../../gpio/pwm-sim.ts";
import { openSysfsPwm } from "../../gpio/pwm-sysfs.ts";
import { eventually } from "../agent/shell/fixture.ts";
import { codeOf, pwmContract } from "./contract/pwm.ts";
import { PwmTree } from "./pwm-tree.ts";

pwmContract("sim", () => {
  const chip = "fe20c000.pwm";
  const board = new SimPwmBoard([boardPwms.pi4]);
  return {
    driver: openSimPwm(board),
    chip,
    signal: (channel) => board.signal({ chip, channel }),
    removeChip: () => board.removeChip(chip),
    returnChip: () => board.returnChip(chip),
    another: () => openSimPwm(board),
  };
});

pwmContract("sysfs on a recorded tree", () => {
  const tree = new PwmTree();
  const opened = () => {
    const driver = openSysfsPwm(tree.root);
    onTestFinished(() => driver.close());
    return driver;
  };
  return {
    driver: opened(),
    chip: tree.chip,
    signal: (channel) => tree.signal(channel),
    removeChip: () => tree.removeChip(),
    returnChip: () => tree.returnChip(),
    another: opened,
  };
});

const request = { chip: "fe20c000.pwm", channel: 0, periodNs: 40_000, inverted: false, dutyNs: 0, consumer: "pinbus:fan" };

describe("sysfs", () => {
  it("asks the kernel to export a channel, and takes it once it is there", () => {
    const tree = new PwmTree({ exported: [] });
    const driver = openSysfsPwm(tree.root);
    onTestFinished(() => driver.close());
    expect(codeOf(() => driver.open(request, { gone() {} }))).toBe("io");
    expect(readFileSync(join(tree.root, "pwmchip3/export"), "utf8")).toBe("0");
    tree.export(0);
    driver.open(request, { gone() {} });
    expect(tree.signal(0)).toMatchObject({ dutyNs: 0 });
  });

  it("does not believe what the kernel remembers of a channel that was free: it starts it anew, also when the files come late", async () => {
    const tree = new PwmTree({ exported: [] });
    const driver = openSysfsPwm(tree.root);
    expect(codeOf(() => driver.open(request, { gone() {} }))).toBe("io");
    tree.export(0);
    for (const [name, value] of Object.entries({ period: 40_000, enable: 1 })) writeFileSync(join(tree.folder(0), name), `${value}\n`);
    const seen: string[] = [];
    const watcher = watch(tree.folder(0), (_type, name) => seen.at(-1) !== name && seen.push(String(name)));
    onTestFinished(() => {
      watcher.close();
      driver.close();
    });
    driver.open(request, { gone() {} });
    await eventually(() => seen).toEqual(["enable", "duty_cycle", "enable"]);
  });

  it("says which group is missing while the files are root's, and takes them once they are given", () => {
    const tree = new PwmTree();
    const driver = openSysfsPwm(tree.root);
    onTestFinished(() => driver.close());
    const period = join(tree.folder(0), "period");
    // Root may everything: it looks as somebody else.
    execFileSync("chmod", ["-R", "a+rwX", tree.folder(0)]);
    for (let folder = tree.folder(0); folder !== tmpdir(); folder = dirname(folder)) chmodSync(folder, 0o777);
    const asSomebody = <T>(act: () => T): T => {
      if (process.geteuid?.() !== 0) return act();
      process.seteuid?.(65_534);
      try {
        return act();
      } finally {
        process.seteuid?.(0);
      }
    };
    chmodSync(period, 0o400);
    expect(asSomebody(() => codeOf(() => driver.open(request, { gone() {} })))).toBe("permission");
    chmodSync(period, 0o666);
    asSomebody(() => driver.open(request, { gone() {} }));
  });

  // The kernel refuses a polarity while the channel runs, and everything while there is no period.
  it.each([
    ["never used", {}, { inverted: true }, ["period", "polarity", "duty_cycle", "enable"]],
    ["left running as it should", { period: 40_000, duty_cycle: 9, enable: 1 }, {}, ["duty_cycle"]],
    [
      "running at another frequency",
      { period: 1000, duty_cycle: 9, enable: 1 },
      {},
      ["enable", "duty_cycle", "period", "duty_cycle", "enable"],
    ],
    [
      "running inverted",
      { period: 40_000, duty_cycle: 9, enable: 1, polarity: "inversed" },
      {},
      ["enable", "polarity", "duty_cycle", "enable"],
    ],
  ] as const)("writes what the kernel takes, in an order in which it does, to a channel %s", async (_, before, more, order) => {
    const tree = new PwmTree();
    for (const [name, value] of Object.entries(before)) writeFileSync(join(tree.folder(0), name), `${value}\n`);
    const seen: string[] = [];
    const watcher = watch(tree.folder(0), (_type, name) => seen.at(-1) !== name && seen.push(String(name)));
    const driver = openSysfsPwm(tree.root);
    onTestFinished(() => {
      watcher.close();
      driver.close();
    });
    driver.open({ ...request, ...more, dutyNs: 20_000 }, { gone() {} });
    await eventually(() => seen).toEqual(order);
  });
});

describe("the channel of a line", () => {
  const header = (chip: string, offset: number) => ({ chip, offset });
  it.each([
    ["pinctrl-bcm2835", "pi1", 18, 0],
    ["pinctrl-bcm2835", "pi1", 19, 1],
    ["pinctrl-bcm2711", "pi4", 12, 0],
    ["pinctrl-bcm2711", "pi4", 13, 1],
    ["pinctrl-rp1", "pi5", 12, 0],
    ["pinctrl-rp1", "pi5", 13, 1],
    ["pinctrl-rp1", "pi5", 18, 2],
    ["pinctrl-rp1", "pi5", 19, 3],
  ] as const)("of %s on a %s: GPIO%d is channel %d", (chip, board, gpio, channel) => {
    // The fan of a Pi 5 and the audio of a Pi 4 have PWM chips of their own.
    const others = ["107d517a80.pwm", "1f0009c000.pwm", "fe20c800.pwm"].map((device) => ({ device, name: "pwmchip0", channels: 4 }));
    expect(findPwm(header(chip, gpio), [...others, boardPwms[board]])).toEqual({ chip: boardPwms[board].device, channel });
  });

  it("that has none is refused with those that have", () => {
    expect(() => findPwm(header("pinctrl-bcm2711", 17), [boardPwms.pi4])).toThrow(
      /GPIO17 \(pin 11\) has no PWM: take GPIO12, 13, 18 or 19/,
    );
  });

  it("without its overlay is refused with the line for config.txt", () => {
    expect(() => findPwm(header("pinctrl-bcm2711", 13), [])).toThrow(/write dtoverlay=pwm,pin=13,func=4 into/);
  });
});

it.each([
  [[], undefined],
  [[18], "dtoverlay=pwm,pin=18,func=2"],
  [[19, 18], "dtoverlay=pwm-2chan"],
  [[13, 12], "dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4"],
  [[18, 13], "dtoverlay=pwm-2chan,pin=13,func=4,pin2=18,func2=2"],
  [[12, 13, 18], undefined],
] as const)("the overlay of %j is %s", (gpios, line) => {
  expect(pwmOverlay(gpios)).toBe(line);
});
