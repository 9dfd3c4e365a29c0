import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../../config/schema.ts";
import { LineError } from "../../../gpio/errors.ts";
import { openDriver } from "../../../gpio/registry.ts";
import type { ChipView } from "../../protocol.ts";
import { lineProgram } from "../check/lines.ts";
import type { BootFile, ChipFacts, Program } from "../facts.ts";
import type { Fact } from "../finding.ts";
import { say } from "../sentence.ts";
import { asRoot } from "./deadline.ts";

/** As the running agent sees them: it knows which lines are its own. */
export function chipsOfAgent(driver: string, chips: readonly ChipView[]): ChipFacts {
  return {
    driver,
    from: "agent",
    chips: chips.map(({ label, lines }) => ({
      label,
      lines: lines.map(({ offset, name, holder, id }) => ({ offset, name, holder, own: id !== null })),
    })),
  };
}

/** As the kernel tells; requests no line. */
export async function chipsOfKernel(name: Config["gpio"]["driver"]): Promise<Fact<ChipFacts>> {
  try {
    const driver = await openDriver(name === "sim" ? "auto" : name);
    try {
      const chips = driver.chips().map(({ label }) => ({
        label,
        lines: driver.lines(label).map(({ offset, name: line, holder }) => ({ offset, name: line, holder, own: false })),
      }));
      return { value: { driver: driver.name, from: "kernel", chips } };
    } finally {
      driver.close();
    }
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    if (error.code === "no-chip") return { value: { driver: name, from: "kernel", chips: [] } };
    const why = { here: error.message, abroad: `the chips cannot be read (${error.code})` };
    return { unknown: why, ...(error.code === "permission" && { mend: asRoot }) };
  }
}

/** The firmware's configuration: Raspberry Pi OS has it in /boot/firmware, older releases in /boot. */
export async function gatherBoot(root: string): Promise<Fact<BootFile>> {
  for (const path of ["/boot/firmware/config.txt", "/boot/config.txt"]) {
    const text = await readFile(join(root, path), "utf8").catch(() => undefined);
    if (text !== undefined) return { value: { path, text } };
  }
  return { unknown: say`there is no config.txt of a Raspberry Pi's firmware here` };
}

/** `pin 2 (gpio2): fe804000.i2c (GPIO UNCLAIMED) function alt0 group gpio2`, of the header's chip; for root only. */
export async function gatherPinmux(root: string): Promise<Fact<{ gpio: number; owner: string }[]>> {
  const folder = join(root, "sys/kernel/debug/pinctrl");
  const chips = (await readdir(folder).catch(() => [])).filter((name) => /pinctrl-(?:bcm2835|bcm2711|rp1)$/.test(name));
  const [chip] = chips;
  const text = chip === undefined ? undefined : await readFile(join(folder, chip, "pinmux-pins"), "utf8").catch(() => undefined);
  if (text === undefined) return { unknown: say`the kernel does not tell which device has which line`, mend: asRoot };
  const lines = [...text.matchAll(/^pin (\d+) \([^)]*\): (?:device )?(?!\(|UNCLAIMED|device)(\S+)/gm)];
  return { value: lines.map(([, gpio, owner = ""]) => ({ gpio: Number(gpio), owner })) };
}

const interpreter = /(?:^|\/)(?:python[\d.]*|node|perl|ruby|(?:ba|da)?sh)$/;

/** The program of a command, and of an interpreter what it runs: a file, or a module after `-m`. */
function programsOf([program = "", ...args]: readonly string[]): string[] {
  if (!interpreter.test(program)) return [program];
  const module = args.indexOf("-m");
  const file = args.findIndex((arg) => !arg.startsWith("-"));
  return [program, args[module >= 0 && module < file ? module + 1 : file] ?? ""];
}

/** Programs that are known to use lines. */
export async function gatherPrograms(root: string): Promise<Fact<Program[]>> {
  const proc = join(root, "proc");
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string) => readFile(join(proc, pid, file), "utf8").catch(() => "");
      const [comm, command] = await Promise.all([read("comm"), read("cmdline")]);
      const words = [comm.trim(), ...programsOf(command.split("\0"))].map((word) => word.replace(/.*\//, "").replaceAll("_", "-"));
      const name = words.find((word) => Object.hasOwn(lineProgram, word));
      return name === undefined ? [] : [{ name, pid: Number(pid) }];
    }),
  );
  return { value: found.flat() };
}
