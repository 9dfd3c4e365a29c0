import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

/** As a process of its own: what becomes of a bug ends it. */
function program(main: string) {
  const file = JSON.stringify(new URL("../../dist/agent/program.js", import.meta.url).href);
  const code = `import(${file}).then(({ runProgram }) => runProgram(${main})).then((code) => { process.exitCode = code; });`;
  const { status, stderr } = spawnSync(process.execPath, ["--eval", code], { encoding: "utf8" });
  return { status, said: stderr.split("\n").slice(0, 2).join(" ") };
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
