import { execFile } from "node:child_process";

/** The machine that is changed. A test has a folder for its root, and commands of its own. */
export interface Machine {
  /** Before each path; empty for the machine itself. */
  root: string;
  /** Runs a program to its end and resolves with what it printed; rejects with a sentence when it fails. */
  run(program: string, ...args: readonly string[]): Promise<string>;
}

/** One thing to be done, and the words for it: `write /etc/pinbus/pinbus.yaml`. */
export interface Step {
  say: string;
  do(): unknown;
  /** What it means when it fails and the rest is done nevertheless; without it a failure ends the whole. */
  failed?: string;
}

/** This machine. The longest that something takes here is the first start of the service. */
export const thisMachine: Machine = {
  root: "",
  run: (program, ...args) =>
    new Promise((resolve, reject) => {
      const settings = { timeout: 120_000, maxBuffer: 1024 * 1024, env: { ...process.env, LC_ALL: "C.UTF-8" } };
      execFile(program, args, settings, (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const why = error.code === "ENOENT" ? "it is not installed" : stderr.trim().split("\n")[0] || error.message;
        reject(new Error(`${program} ${args[0] ?? ""} failed: ${why}`));
      });
    }),
};

/** A command as a step, in the words that a person would type. */
export function command(machine: Machine, failed: string | undefined, program: string, ...args: readonly string[]): Step {
  return { say: `run ${[program, ...args].join(" ")}`, do: () => machine.run(program, ...args), ...(failed !== undefined && { failed }) };
}

/** What the service manager says of the unit, by property. */
export async function unitState(machine: Machine): Promise<{ active: string; load: string }> {
  const text = await machine.run("systemctl", "show", "--property=ActiveState,LoadState", "pinbus.service");
  return { active: /^ActiveState=(.*)$/m.exec(text)?.[1] ?? "", load: /^LoadState=(.*)$/m.exec(text)?.[1] ?? "" };
}
