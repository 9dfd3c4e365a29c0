import { execFile } from "node:child_process";

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; never rejects because of its exit code. */
export function attempt(program: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024, timeout: 120_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 255;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs a program that must succeed; resolves with what it printed. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await attempt(program, ...args);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${stderr || stdout}`);
  return stdout;
}

/** Properties of the service as systemd tells them. */
export async function show(...properties: string[]): Promise<Record<string, string>> {
  const text = await run("systemctl", "show", "pinbus.service", `--property=${properties.join(",")}`);
  return Object.fromEntries(
    text
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

export async function mainPid(): Promise<number> {
  return Number((await show("MainPID")).MainPID);
}

/** A place in the journal from which on to read. */
export async function journalCursor(): Promise<string> {
  const text = await run("journalctl", "--sync", "--show-cursor", "-n", "0", "-q").catch(() =>
    run("journalctl", "--show-cursor", "-n", "0", "-q"),
  );
  return /-- cursor: (\S+)/.exec(text)?.[1] ?? "";
}

/** What the service wrote since then, one message per line. */
export async function journalSince(cursor: string, ...args: string[]): Promise<string[]> {
  const from = cursor === "" ? [] : [`--after-cursor=${cursor}`];
  const text = await run("journalctl", "-u", "pinbus.service", "-q", "--no-pager", "-o", "cat", ...from, ...args);
  return text.split("\n").filter((line) => line !== "");
}
