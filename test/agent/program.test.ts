import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";

/** As a process of its own: what becomes of a bug ends it. */
function program(main: string, [out, err]: (number | "pipe")[] = ["pipe", "pipe"]) {
  const file = JSON.stringify(new URL("../../dist/agent/program.js", import.meta.url).href);
  const code = `import(${file}).then(({ runProgram }) => runProgram(${main})).then((code) => { process.exitCode = code; });`;
  const { status, stderr } = spawnSync(process.execPath, ["--eval", code], {
    encoding: "utf8",
    stdio: ["ignore", out ?? "pipe", err ?? "pipe"],
  });
  return { status, said: (stderr ?? "").split("\n").slice(0, 2).join(" ").trim() };
}

function fullDisk(): number {
  const fd = openSync("/dev/full", "w");
  onTestFinished(() => closeSync(fd));
  return fd;
}

it.each([
  ["comes to an end", "async () => 3", 3, ""],
  ["is rejected", 'async () => { throw new Error("oh"); }', 70, "pinbus: this is a bug, please report it: Error: oh"],
  [
    "waits for what never comes",
    "() => new Promise(() => {})",
    70,
    "pinbus: this is a bug, please report it: Error: the command waits for something that never comes",
  ],
])("a command that %s", (_, main, status, said) => {
  expect(program(main)).toEqual({ status, said });
});

it("says that the disk is full to which its output goes, and ends with 1", () => {
  expect(program('async () => { process.stdout.write("ON"); return 0; }', [fullDisk(), "pipe"])).toEqual({
    status: 1,
    said: "pinbus: the output could not be written: ENOSPC: the disk is full, make room on it",
  });
});

it("goes on when the disk is full to which its complaints go", () => {
  const main = 'async () => { process.stderr.write("oh"); await new Promise(setImmediate); process.stderr.write("oh"); return 3; }';
  expect(program(main, ["pipe", fullDisk()]).status).toBe(3);
});
