import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { openDriver } from "../../../gpio/registry.ts";

/**
 * Another program, started by `machine-world.ts`. It prints one line when it has begun, and what it found at its end:
 *   burst PULL COUNT FIRST         writes pull-up and pull-down by turns, as fast as it can
 *   sample VALUE…                  the levels that it saw on each until its input ended
 *   hold DRIVER CHIP OFFSET LEVEL  holds an output until it is killed
 *   ask DRIVER CHIP OFFSET         asks for an input: "ok", or code and message
 */
const [mode, ...args] = process.argv.slice(2);
const [first = "", second = "", third = "", fourth = ""] = args;

switch (mode) {
  case "burst": {
    const pull = openSync(first, "w");
    for (let i = 0, level = third === "pull-up"; i < Number(second); i++, level = !level)
      writeSync(pull, level ? "pull-up" : "pull-down", 0);
    closeSync(pull);
    break;
  }
  case "sample": {
    const byte = Buffer.alloc(1);
    const wires = args.map((path) => ({ value: openSync(path, "r"), seen: new Set<string>() }));
    let over = false;
    process.stdin.on("end", () => {
      over = true;
    });
    process.stdin.resume();
    const look = (): void => {
      for (let i = 0; i < 200; i++)
        for (const { value, seen } of wires) {
          readSync(value, byte, 0, 1, 0);
          seen.add(byte[0] === 0x31 ? "high" : "low");
        }
      if (over) console.log(wires.map(({ seen }) => [...seen].join(" ")).join(","));
      else setImmediate(look);
    };
    look();
    console.log("ready");
    break;
  }
  case "hold": {
    const driver = await openDriver(first as "chardev" | "sysfs");
    const request = { chip: second, offset: Number(third), active: "high", initial: fourth === "high", consumer: "pinbus:holder" } as const;
    driver.openOutput(request, { gone() {} });
    console.log("ready");
    process.stdin.resume(); // until it is killed
    break;
  }
  case "ask":
    try {
      const driver = await openDriver(first as "chardev" | "sysfs");
      const request = { chip: second, offset: Number(third), active: "high", bias: "as-is", consumer: "pinbus:ask" } as const;
      driver.openInput(request, { edge() {}, lost() {}, gone() {} }).read();
      driver.close();
      console.log("ok");
    } catch (error) {
      console.log(error instanceof Error ? `${(error as NodeJS.ErrnoException).code} ${error.message}` : String(error));
    }
    break;
  default:
    console.error("usage: outside.js burst|sample|hold|ask …; see the head of the file");
    process.exitCode = 64;
}
