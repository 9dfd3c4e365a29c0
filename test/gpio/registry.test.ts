import { describe, expect, test } from "vitest";
import type { ChipInfo, Driver, DriverName } from "../../gpio/driver.ts";
import { LineError } from "../../gpio/errors.ts";
import { loadOnoff } from "../../gpio/onoff.ts";
import { type Drivers, openDriver } from "../../gpio/registry.ts";
import { openSim } from "../../gpio/sim.ts";
import { SimBoard } from "../../gpio/sim-board.ts";
import { openSysfs } from "../../gpio/sysfs.ts";

const chip: ChipInfo = { label: "pinctrl-rp1", name: "gpiochip0", lines: 54 };

/** A driver with these chips, or one that cannot be opened. */
function fake(name: DriverName, chips: ChipInfo[] | LineError): () => Driver {
  return () => {
    if (chips instanceof LineError) throw chips;
    const sim = openSim();
    return Object.assign(sim, { name, chips: () => chips });
  };
}
function drivers(chardev: ChipInfo[] | LineError, sysfs: ChipInfo[] | LineError): Drivers {
  return { chardev: fake("chardev", chardev), sysfs: fake("sysfs", sysfs), sim: fake("sim", [chip]) };
}
const missing = new LineError("no-driver", "its native part is missing");
const forbidden = new LineError("permission", "pi may not open /dev/gpiochip0: run `sudo usermod -aG gpio pi`");

describe("auto", () => {
  test("takes the character device when it has a chip", async () => {
    expect((await openDriver("auto", { drivers: drivers([chip], [chip]) })).name).toBe("chardev");
  });

  test.each([
    ["has no native part", missing],
    ["may not be opened", forbidden],
    ["has no chip", []],
  ])("takes sysfs when the character device %s", async (_, chardev) => {
    expect((await openDriver("auto", { drivers: drivers(chardev, [chip]) })).name).toBe("sysfs");
  });

  test("never takes the simulated board, but says how to get it, what was tried and why that failed", async () => {
    const error: unknown = await openDriver("auto", { drivers: drivers(missing, []) }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "no-driver" });
    expect(String(error)).toMatch(/chardev: its native part is missing\. sysfs: it finds no GPIO chip\. .*gpio\.driver: sim/);
  });

  test("names the missing group first, because that is what the person can cure", async () => {
    await expect(openDriver("auto", { drivers: drivers(forbidden, missing) })).rejects.toMatchObject({ code: "permission" });
  });

  test("where the kernel has no chip, tells nobody to install another driver", async () => {
    await expect(openDriver("auto", { drivers: drivers([], missing) })).rejects.toThrow(
      "no GPIO driver can be used here. chardev: it finds no GPIO chip. On a computer without GPIO set gpio.driver: sim",
    );
  });

  test("without any chip says that there is none", async () => {
    await expect(openDriver("auto", { drivers: drivers([], []) })).rejects.toMatchObject({ code: "no-chip" });
  });
});

test("a driver that is named is opened although no chip is there yet", async () => {
  expect((await openDriver("chardev", { drivers: drivers([], [chip]) })).name).toBe("chardev");
});

test("the driver of the simulated board works on the board that is passed in", async () => {
  const board = new SimBoard("pi5");
  const driver = await openDriver("sim", { board });
  driver.openOutput({ chip: "pinctrl-rp1", offset: 4, active: "high", initial: true, consumer: "pinbus:x" }, { gone() {} });
  expect(board.level("pinctrl-rp1", 4)).toBe("high");
});

test("onoff that is not installed is a driver error with the cure", async () => {
  const opening = openSysfs(() => loadOnoff("onoff-that-is-not-installed"));
  await expect(opening).rejects.toThrow(
    /sysfs driver needs the npm package onoff .*build-essential.*npm rebuild epoll.*gpio\.driver: chardev/,
  );
  await expect(opening).rejects.toMatchObject({ code: "no-driver" });
});
