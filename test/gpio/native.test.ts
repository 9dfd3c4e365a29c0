import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { openChardev } from "../../gpio/chardev.ts";
import { loadNative } from "../../gpio/native.ts";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
const prebuild = join(root, "prebuilds", `linux-${process.arch}`, "pinbus.node");
const folder = mkdtempSync(join(tmpdir(), "pinbus-native-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the native part", () => {
  const native = loadNative();
  const code = (call: () => unknown): unknown => {
    try {
      return call();
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };

  test("answers a path that is no input device with the kernel's reason", () => {
    expect(code(() => native.openDevice(join(folder, "none")))).toBe("ENOENT");
    expect(code(() => native.openDevice("/dev/null"))).toBe("ENOTTY");
  });

  test("answers a path that is no GPIO chip with the kernel's reason", () => {
    expect(code(() => native.openChip(join(folder, "none")))).toBe("ENOENT");
    expect(code(() => native.openChip("/dev/null"))).toBe("ENOTTY");
    try {
      native.openChip(join(folder, "none"));
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOENT", errno: 2 });
    }
  });

  test("touches no descriptor that it did not open", () => {
    for (const fd of [0, 1, 2, 99, 2 ** 32 - 1])
      for (const call of [
        () => native.close(fd),
        () => native.chipInfo(fd),
        () => native.getValue(fd),
        () => native.setValue(fd, 1),
        () => native.watch(fd, new Float64Array(3), () => {}),
        () => native.request(fd, 0, 0, "x", 0, 0, 0),
        () => native.maskDevice(fd, 1, new Uint8Array(1)),
        () => native.deviceState(fd, 1, new Uint8Array(1)),
        () => native.grabDevice(fd, 1),
      ])
        expect(code(call)).toBe("EBADF");
  });

  test("refuses what is not a whole number, a path or a handle, without a crash", () => {
    const functions = Object.values(native) as ((...args: unknown[]) => unknown)[];
    const junk = [undefined, null, -1, 1.5, Number.NaN, 2 ** 32, "1", {}, [], 1n, Symbol("x"), "x".repeat(1_000), "a\0b", () => 1];
    for (const call of functions)
      for (const value of junk) {
        expect(["ERR_INVALID_ARG_TYPE", "ENOENT"]).toContain(code(() => call(value, value, value, value, value, value)));
        expect(code(() => call())).toBe("ERR_INVALID_ARG_TYPE");
      }
  });

  test("can be loaded by a worker that ends", async () => {
    const worker = new Worker(
      `const native = require(${JSON.stringify(prebuild)});
       try { native.openChip("/nowhere"); } catch (error) { require("node:worker_threads").parentPort.postMessage(error.code); }`,
      { eval: true },
    );
    const answers: unknown[] = [];
    worker.on("message", (answer) => answers.push(answer));
    const status = await new Promise((resolve) => worker.on("exit", resolve));
    expect({ status, answers }).toEqual({ status: 0, answers: ["ENOENT"] });
  });
});

describe("a native part that cannot be used", () => {
  const stage = (name: string, content?: Buffer): string => {
    const place = join(folder, name);
    const prebuilds = join(place, "prebuilds", `linux-${process.arch}`);
    mkdirSync(prebuilds, { recursive: true });
    writeFileSync(join(place, "package.json"), '{"name":"pinbus"}');
    if (content) writeFileSync(join(prebuilds, "pinbus.node"), content);
    return place;
  };

  test.each([
    ["missing", undefined],
    ["empty", Buffer.alloc(0)],
    ["no library", Buffer.from("version https://git-lfs.github.com/spec/v1\n".repeat(40))],
    ["for another processor", readFileSync(join(root, "prebuilds", process.arch === "arm64" ? "linux-x64" : "linux-arm64", "pinbus.node"))],
  ])("that is %s is a driver error that names onoff as the way out", (name, content) => {
    expect(() => loadNative(stage(name, content))).toThrow(expect.objectContaining({ code: "no-driver" }));
    expect(() => loadNative(stage(name, content))).toThrow(/set gpio\.driver: sysfs to use onoff/);
  });

  test("that is a good copy elsewhere is loaded", () => {
    const place = stage("copy");
    copyFileSync(prebuild, join(place, "prebuilds", `linux-${process.arch}`, "pinbus.node"));
    expect(loadNative(place).openChip).toBeTypeOf("function");
  });
});

test("the character device driver of a computer without chips lists none and says so", () => {
  const driver = openChardev(loadNative(), folder);
  expect(driver.chips()).toEqual([]);
  expect(() => driver.lines("pinctrl-rp1")).toThrow("no chip is labelled pinctrl-rp1; there is no GPIO chip at all");
  driver.close();
});

test.each(["x64", "arm64", "arm"])("the prebuilt file for %s is an ELF shared object for that processor", (arch) => {
  const machine = { x64: 62, arm64: 183, arm: 40 }[arch];
  const file = readFileSync(join(root, "prebuilds", `linux-${arch}`, "pinbus.node"));
  expect(file.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
  expect([file.readUInt16LE(16), file.readUInt16LE(18)]).toEqual([3, machine]);
});
