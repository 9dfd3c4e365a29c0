import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { loadConfig } from "../../config/load.ts";
import { pipePatience, readBounded } from "../../config/text.ts";
import { tempFolder } from "../agent/shell/fixture.ts";

/** What stands at `path`. */
const kinds: [name: string, make: (path: string) => unknown, said: string][] = [
  ["a pipe into which nobody writes", (path) => execFileSync("mkfifo", [path]), "this is a pipe, and nobody writes into it: name a file"],
  ["a directory", (path) => mkdirSync(path), "this is a directory: name a file"],
  ["a socket", listen, "this is a socket: name a file"],
  ["a device without an end", (path) => symlinkSync("/dev/zero", path), "this is a device: name a file"],
  ["a link to itself", (path) => symlinkSync(path, path), "its symbolic links lead in a circle: remove them or point them to a file"],
  ["nothing", () => undefined, "there is no such file: create it or name another"],
  [
    "a file that is too long",
    (path) => writeFileSync(path, "x".repeat(1025)),
    "the file is larger than 1 kB: name the right file or shorten it",
  ],
];

it.each(kinds)("%s is refused at once", async (_name, make, said) => {
  const path = `${tempFolder()}/file`;
  await make(path);
  const reading = readBounded(path, 1024);
  expect(reading.ok ? "" : `${reading.message}: ${reading.fix}`).toBe(said);
});

it("a pipe is waited for only by who may wait, for what it names and itself", () => {
  const folder = tempFolder();
  const [pipe, file] = [`${folder}/pipe`, `${folder}/pinbus.yaml`];
  execFileSync("mkfifo", [pipe]);
  writeFileSync(file, "mqtt: { server: localhost, password: { file: pipe } }");
  const began = performance.now();
  for (const path of [pipe, file]) {
    const loaded = loadConfig({ file: path, env: {}, args: {}, host: { hostname: "box", machineId: "" }, patience: 0 });
    expect(loaded.ok ? [] : loaded.problems.map(({ message }) => message)).toContainEqual(expect.stringContaining("nobody writes into it"));
  }
  expect(performance.now() - began).toBeLessThan(pipePatience);
  expect(readBounded(pipe, 1024, 20).ok).toBe(false);
});

async function listen(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
}
