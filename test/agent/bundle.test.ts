import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));

describe("the bundle", () => {
  let copy: string;
  let tmp: string;
  const inCopy = (name: string) => join(copy, "dist/agent", name);
  const caches = () => readdirSync(join(copy, "dist/agent")).flatMap((name) => (name.endsWith(".cache") ? [inCopy(name)] : []));

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), "pinbus-bundle-"));
    cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(copy, "package.json"));
    cpSync(join(root, "config/examples"), join(copy, "config/examples"), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    tmp = join(copy, "tmp");
    mkdirSync(tmp);
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  const pinbus = (...args: string[]) => spawnSync(process.execPath, [inCopy("main.cjs"), ...args], { encoding: "utf8" });
  const warm = () => spawnSync(process.execPath, [inCopy("warm.js")], { encoding: "utf8", env: { ...process.env, TMPDIR: tmp } });
  const loading = (name: string) =>
    `import { loadBundle } from ${JSON.stringify(inCopy("bundle.js"))}; const bundle = loadBundle("${name}");`;
  /** Runs `code` with the copy's bundle as `bundle`. */
  const insideOf = (name: string, code: string, ...flags: string[]) =>
    execFileSync(process.execPath, [...flags, "--input-type=module", "-e", `${loading(name)} ${code}`], { encoding: "utf8" }).trim();
  const inside = (code: string, ...flags: string[]) => insideOf("pinbus", code, ...flags);

  test("is what the bin runs, with what V8 compiled when it was built", () => {
    writeFileSync(inCopy("cli.js"), "throw new Error('one by one');");
    expect(pinbus("--version")).toMatchObject({ status: 0, stderr: "" });
    expect(inside("console.log(bundle.warm)")).toBe("true");
  });

  test("has a second one beside it for the terminal UI, which needs neither the first nor the files one by one", () => {
    rmSync(inCopy("pinbus.cjs"));
    rmSync(join(copy, "dist/tui"), { recursive: true });
    expect(pinbus("tui")).toMatchObject({ status: 64, stderr: expect.stringContaining("tui needs a terminal") });
    expect(insideOf("tui", "console.log(bundle.warm)")).toBe("true");
  });

  test("gets the terminal UI from the second one", () => {
    const program = `const { runTui } = await import(${JSON.stringify(inCopy("tui-bundle.js"))}); console.log(runTui.name)`;
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" })).toBe("runTui\n");
    expect(readFileSync(inCopy("pinbus.cjs"), "latin1")).toContain('importModule("./tui-bundle.js")');
  });

  test("has what V8 compiles with the flags of the service, although the thread of its broker is made with another one", () => {
    const launcher = readFileSync(join(root, "systemd/pinbus"), "utf8");
    const flags = /exec "\$node"((?: --\S+)+) /.exec(launcher)?.[1]?.trim().split(" ") ?? [];
    expect(flags).not.toEqual([]);
    expect(inside("console.log(bundle.warm)", ...flags)).toBe("true");
  });

  test.each([
    ["missing", (path: string) => rmSync(path)],
    ["empty", (path: string) => truncateSync(path, 0)],
    ["cut off", (path: string) => truncateSync(path, 500_000)],
    ["full of NULs after a power cut", (path: string) => writeFileSync(path, readFileSync(path).fill(0, 300_000, 310_000))],
  ])("works without it when it is %s", (_, damage) => {
    for (const path of caches()) damage(path);
    expect(pinbus("--version")).toMatchObject({ status: 0, stderr: "" });
    expect(inside("console.log(bundle.warm)")).toBe("false");
  });

  test("does not run what was compiled of another bundle of the same length", () => {
    const bundle = readFileSync(inCopy("pinbus.cjs"), "latin1");
    const words = "there is no command";
    expect(bundle).toContain(words);
    writeFileSync(inCopy("pinbus.cjs"), bundle.replace(words, words.toUpperCase()), "latin1");
    expect(pinbus("nonsense").stderr).toContain(words.toUpperCase());
  });

  test("works with flags for which nothing was compiled, and keeps what these compile beside the rest", () => {
    const flag = "--no-lazy-feedback-allocation";
    expect(inside("console.log(bundle.warm); bundle.keepCompiled();", flag)).toBe("false");
    expect(inside("console.log(bundle.warm)", flag)).toBe("true");
    expect(inside("console.log(bundle.warm)")).toBe("true");
  });

  test.each([
    ["pinbus", "cli"],
    ["tui", "tui-cli"],
  ])("says a bug with the places in the sources, and does without the map: %s", (name, source) => {
    const program = `${loading(name)} await bundle.exports.runCli(null);`;
    const bug = () => spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    const at = (place: string) => expect.stringMatching(new RegExp(`a bug.*\\nTypeError.*\\n(.*\\n)*? {4}at .*\\(${place}:\\d+:\\d+\\)`));
    expect(bug()).toMatchObject({ status: 70, stderr: at(`agent/${source}\\.ts`) });
    rmSync(inCopy(`${name}.cjs.map`));
    expect(bug()).toMatchObject({ status: 70, stderr: at(`${name}\\.cjs`) });
  });

  test("starts the programs that belong to it from their own places", () => {
    for (const path of caches()) rmSync(path);
    expect(warm()).toMatchObject({ status: 0, stderr: "" });
    expect(inside("console.log(bundle.warm)")).toBe("true");
    expect(insideOf("tui", "console.log(bundle.warm)")).toBe("true");
  });

  test("is built also where nothing can be compiled for it, with a warning", () => {
    // The folder takes everything but this one name.
    for (const path of caches()) {
      rmSync(path);
      mkdirSync(path);
    }
    expect(warm()).toMatchObject({ status: 0, stderr: expect.stringMatching(/^warning: .*EISDIR/) });
    const demo = join(copy, "config/examples/demo.yaml");
    const elsewhere = "mqtt: { server: 127.0.0.1, port: 1 }";
    writeFileSync(demo, readFileSync(demo, "utf8").replace(/^broker:\n.*$/m, elsewhere));
    expect(readFileSync(demo, "utf8")).toContain(elsewhere);
    const box = inCopy("command/demo-box.js");
    expect(readFileSync(box, "utf8")).toContain("60_000");
    writeFileSync(box, readFileSync(box, "utf8").replace("60_000", "300"));
    expect(warm()).toMatchObject({ status: 0, stderr: expect.stringMatching(/^warning: .*not online/) });
    expect(readdirSync(tmp)).toEqual([]);
  });

  test("is not built when the terminal UI cannot be loaded, or ends by itself", () => {
    const before = readFileSync(inCopy("tui.cjs"), "latin1");
    writeFileSync(inCopy("tui.cjs"), "(function () { throw new Error('half a bundle'); })");
    expect(warm()).toMatchObject({ status: 70, stderr: expect.stringContaining("half a bundle") });
    writeFileSync(
      inCopy("tui.cjs"),
      before.replace("function openTerminal(", "function openTerminal() { process.abort(); } function other("),
      "latin1",
    );
    expect(warm()).toMatchObject({ status: 70, stderr: expect.stringContaining("the terminal UI failed") });
    expect(readdirSync(tmp)).toEqual([]);
  });

  test("is not built when it cannot be loaded, or the agent ends by itself", () => {
    const demo = join(copy, "config/examples/demo.yaml");
    const before = readFileSync(demo, "utf8");
    writeFileSync(demo, `${before}\nnonsense: 1\n`);
    expect(warm()).toMatchObject({ status: 70, stderr: expect.stringContaining("nonsense") });
    writeFileSync(demo, before);
    writeFileSync(inCopy("pinbus.cjs"), "(function () { throw new Error('half a bundle'); })");
    expect(warm()).toMatchObject({ status: 70, stderr: expect.stringContaining("half a bundle") });
    writeFileSync(inCopy("pinbus.cjs"), "(function () { process.kill(process.pid, 'SIGSEGV'); })");
    expect(warm()).toMatchObject({ status: 70, stderr: expect.stringContaining("did not start") });
  });
});
