import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openChardev } from "../../../gpio/chardev.ts";
import { openDriver } from "../../../gpio/registry.ts";
import type { WireLevel } from "../../../gpio/sim-board.ts";
import type { World } from "./world.ts";

const run = promisify(execFile);
const outside = fileURLToPath(new URL("./outside.js", import.meta.url));
/** Made by the machine's `board`: the folder of the chip with the header in gpio-sim. */
const board = "/run/board";
const used = [17, 22, 23, 24, 25, 27];

export type MachineBoard = "pi4" | "pi5";

/** The world around the kernel's simulated chip in the test machine. Needs root there. */
export async function machineWorld(driverName: "chardev" | "sysfs", kind: MachineBoard): Promise<World> {
  const chip = kind === "pi5" ? "pinctrl-rp1" : "pinctrl-bcm2711";
  const wire = (offset: number): WireLevel => (readFileSync(`${board}/sim_gpio${offset}/value`, "utf8").trim() === "1" ? "high" : "low");
  const drive = (offset: number, level: WireLevel): void =>
    writeFileSync(`${board}/sim_gpio${offset}/pull`, level === "high" ? "pull-up" : "pull-down");
  for (const offset of used) drive(offset, "low");
  return {
    driver: await openDriver(driverName),
    chip,
    drive,
    wire,
    hammer(offset, count) {
      const pause = new Int32Array(new SharedArrayBuffer(4));
      for (let i = 0, level = wire(offset) === "low"; i < count; i++, level = !level) {
        drive(offset, level ? "high" : "low");
        Atomics.wait(pause, 0, 0, 0.3);
      }
    },
    async burst(offset, count) {
      const first = wire(offset) === "low" ? "pull-up" : "pull-down";
      const program = start("burst", [`${board}/sim_gpio${offset}/pull`, String(count), first]);
      const [code] = await once(program, "exit");
      if (code !== 0) throw new Error(`the burst ended with ${code}`);
    },
    hold(offset, consumer) {
      // Through the character device also beside sysfs: there a second export would be no conflict.
      const other = openChardev();
      other.openInput({ chip, offset, active: "high", bias: "as-is", consumer }, { edge() {}, lost() {}, gone() {} });
      return { free: () => other.close() };
    },
    async sample(offsets, during) {
      const program = start(
        "sample",
        offsets.map((offset) => `${board}/sim_gpio${offset}/value`),
      );
      const lines = readLines(program);
      await lines.next();
      during();
      program.stdin?.end();
      const { value } = await lines.next();
      return (value ?? "").split(",").map((levels: string) => new Set(levels.split(" ") as WireLevel[]));
    },
    removeBoard: async () => void (await run("board", ["none"])),
    returnBoard: async () => void (await run("board", [kind])),
    processes: {
      async killedHolder(offset, active) {
        const program = start("hold", [driverName, chip, String(offset), active ? "high" : "low"]);
        const { value } = await readLines(program).next();
        if (value !== "ready") throw new Error("the holder did not start");
        program.kill("SIGKILL");
        await once(program, "exit");
      },
      async openAs(user, offset) {
        const { stdout } = await run("runuser", ["-u", user, "--", process.execPath, outside, "ask", driverName, chip, String(offset)]);
        return stdout.trim();
      },
      leaveExport(offset, exported) {
        writeFileSync(`/sys/class/gpio/${exported ? "export" : "unexport"}`, String(sysfsBase(chip) + offset));
      },
    },
  };
}

/** Frees what a case left in sysfs, so that the next one starts as after a boot. */
export function unexportAll(): void {
  for (const name of readdirSync("/sys/class/gpio"))
    if (/^gpio\d+$/.test(name)) writeFileSync("/sys/class/gpio/unexport", name.slice("gpio".length));
}

/** Makes the chips of a board; what is held there is removed. */
export async function setBoard(kind: MachineBoard): Promise<void> {
  await run("board", [kind]);
}

function start(mode: string, args: string[]): ChildProcess {
  return spawn(process.execPath, [outside, mode, ...args], { stdio: ["pipe", "pipe", "inherit"] });
}

function readLines(program: ChildProcess): AsyncIterator<string> {
  if (!program.stdout) throw new Error("a program without output");
  return createInterface({ input: program.stdout })[Symbol.asyncIterator]();
}

function sysfsBase(chip: string): number {
  for (const name of readdirSync("/sys/class/gpio").filter((there) => /^gpiochip\d+$/.test(there)))
    if (readFileSync(`/sys/class/gpio/${name}/label`, "utf8").trim() === chip) return Number(name.slice("gpiochip".length));
  throw new Error(`sysfs has no ${chip}`);
}
