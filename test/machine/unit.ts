import { eventually } from "./cases.ts";
import { run } from "./commands.ts";

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

/** Fails unless the unit is as expected: `enabled active`. */
export async function is(expected: string): Promise<void> {
  const { ActiveState, UnitFileState } = await show("ActiveState", "UnitFileState");
  const seen = `${UnitFileState} ${ActiveState}`;
  if (seen !== expected) throw new Error(`the unit is ${seen}, not ${expected}`);
}

export async function mainPid(): Promise<number> {
  return Number((await show("MainPID")).MainPID);
}

/** Sends a signal to the main process; resolves with when that was. */
export async function kill(signal: string): Promise<number> {
  const pid = await mainPid();
  if (pid <= 1) throw new Error("the service has no process");
  process.kill(pid, signal);
  return performance.now();
}

/** Waits until systemd runs another process than this one, and it is ready. */
export async function restarted(before: number): Promise<void> {
  await eventually("a new main process", async () => {
    const { MainPID, ActiveState } = await show("MainPID", "ActiveState");
    return ActiveState === "active" && Number(MainPID) > 0 && Number(MainPID) !== before;
  });
}

/** A place in the journal from which on to read. */
export async function journalCursor(): Promise<string> {
  const cursor = /-- cursor: (\S+)/.exec(await run("journalctl", "--show-cursor", "-n", "1", "-q", "--no-pager"))?.[1];
  if (cursor === undefined) throw new Error("the journal is empty");
  return cursor;
}

/** What the service and systemd about it wrote since then; `format` as for `journalctl -o`. */
export async function journalSince(cursor: string, format = "cat", ...matches: string[]): Promise<string[]> {
  const text = await run("journalctl", "-u", "pinbus.service", "-q", "--no-pager", "-o", format, `--after-cursor=${cursor}`, ...matches);
  return text.split("\n").filter((line) => line !== "");
}

/** The end of the journal, to be shown with a failure. */
export async function journalTail(): Promise<string> {
  return run("journalctl", "-u", "pinbus.service", "-q", "--no-pager", "-n", "25", "-o", "short-precise");
}
