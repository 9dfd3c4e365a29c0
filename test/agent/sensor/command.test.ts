import { chmodSync, existsSync, readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { openCommand } from "../../../agent/sensor/command.ts";
import { eventually } from "../shell/fixture.ts";
import { filesOf, forever, sysfs, worldOf } from "./sysfs.ts";

const settings = { json: null as string | null, timeout: 9000, name: "level", unit: "l" };

/** Reads a script of the shell as a sensor; `$1` of it is a folder of the test. */
function script(text: string, more: Partial<typeof settings> = {}) {
  const tree = sysfs({ program: `#!/bin/sh\n${text}\n` });
  chmodSync(tree.path("program"), 0o755);
  const files = filesOf();
  const driver = openCommand(worldOf("/sys", files), {
    ...settings,
    ...more,
    command: [tree.path("program"), tree.folder, "$HOME; exit 1"],
  });
  const read = async () => {
    const reading = await driver.read(forever);
    return reading.ok ? reading.values[0]?.value : reading.problem.replace(tree.path("program"), "PROGRAM");
  };
  return { read, files, tree };
}
const alive = (pid: string) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

describe("a command", () => {
  it.each([
    ["one number", "echo ' 12.5'", null, 12.5],
    ["a number in its JSON", `echo '{"battery":[{"charge":"87"}]}'`, "battery.0.charge", 87],
  ])("is read that prints %s", async (_, text, json, value) => {
    expect(await script(text, { json }).read()).toBe(value);
  });

  it.each([
    ["text", "echo secret", null, "PROGRAM prints something else than one number"],
    ["nothing", "exit 0", null, "PROGRAM prints something else than one number"],
    ["no such JSON", `echo '{"a":{}}'`, "a.constructor", "PROGRAM prints no number at a.constructor"],
    ["no JSON", "echo 12", "a", "PROGRAM prints no number at a"],
    ["a code", "echo 12; exit 3", null, "PROGRAM has ended with 3"],
    ["a signal", "kill -TERM $$", null, "PROGRAM was ended by SIGTERM"],
    ["without an end", "yes", null, "PROGRAM prints more than 4096 bytes"],
  ])("that answers with %s has failed, and what it printed is not repeated", async (_, text, json, problem) => {
    expect(await script(text, { json }).read()).toBe(problem);
  });

  it("that is not there has failed", async () => {
    const driver = openCommand(worldOf("/sys"), { ...settings, command: ["/nowhere/program"] });
    expect(await driver.read(forever)).toEqual({ ok: false, problem: "/nowhere/program cannot be started (ENOENT)" });
  });

  it("gets its arguments as they stand, no input and nothing of the agent's environment", async () => {
    process.env.SECRET_OF_THE_TEST = "x";
    const { read, tree } = script(`cat > "$1/input"; echo "$2" > "$1/argument"; env > "$1/env"; pwd > "$1/pwd"; echo 1`);
    expect(await read()).toBe(1);
    const said = (name: string) => readFileSync(tree.path(name), "utf8");
    expect([said("input"), said("argument"), said("pwd")]).toEqual(["", "$HOME; exit 1\n", "/\n"]);
    expect(
      said("env")
        .split("\n")
        .map((line) => line.replace(/=.*/, ""))
        .filter((name) => !/^(PWD|SHLVL|_|OLDPWD)?$/.test(name))
        .sort(),
    ).toEqual(["LANG", "PATH"]);
  });

  it("that does not end in time is killed with all that it has started", async () => {
    const { read, tree } = script(`sleep 1000 & echo $! > "$1/child"; echo $$ > "$1/own"; wait`, { timeout: 2000 });
    expect(await read()).toBe("PROGRAM has not ended within 2 s");
    for (const name of ["child", "own"]) await eventually(() => alive(readFileSync(tree.path(name), "utf8").trim())).toBe(false);
  });

  it("that leaves something behind is not waited for, and that is ended", async () => {
    const { read, tree } = script(`sleep 1000 & echo $! > "$1/child"; echo 7`);
    expect(await read()).toBe(7);
    await eventually(() => alive(readFileSync(tree.path("child"), "utf8").trim())).toBe(false);
  });

  it("that leaves a daemon with its output open is not waited for either", async () => {
    const { read, tree } = script(`setsid sleep 1000 & echo $! > "$1/child"; sleep 0.2; echo 5`);
    onTestFinished(() => {
      process.kill(Number(readFileSync(tree.path("child"), "utf8")), "SIGKILL");
    });
    expect(await read()).toBe(5);
  });

  it("that the system does not even try to start passes its turn on", async () => {
    const world = worldOf("/sys", filesOf());
    const reads = (...command: string[]) => openCommand(world, { ...settings, command }).read(forever);
    const running = Array.from({ length: 4 }, () => reads("/bin/sh", "-c", "sleep 0.2; echo 1"));
    const wrong = Array.from({ length: 4 }, () => reads("/bin/echo", "a\0b"));
    const last = reads("/bin/echo", "2");
    await Promise.all(running);
    expect(await Promise.all(wrong)).toEqual(Array(4).fill({ ok: false, problem: "/bin/echo cannot be started (ERR_INVALID_ARG_VALUE)" }));
    expect(await last).toMatchObject({ ok: true, values: [{ value: 2 }] });
  });

  it("ends with the agent", async () => {
    const { read, tree, files } = script(`echo $$ > "$1/own"; sleep 1000`);
    const reading = read();
    await eventually(() => existsSync(tree.path("own")) && readFileSync(tree.path("own"), "utf8").trim() !== "").toBe(true);
    files.close();
    expect(await reading).toBe("PROGRAM was not run (the agent stops)");
    await eventually(() => alive(readFileSync(tree.path("own"), "utf8").trim())).toBe(false);
  });

  it("runs beside three others at most, and each has its turn", async () => {
    const tree = sysfs({ program: `#!/bin/sh\necho $2\n` });
    chmodSync(tree.path("program"), 0o755);
    const files = filesOf();
    const world = worldOf("/sys", files);
    const readings = Array.from({ length: 12 }, (_, index) =>
      openCommand(world, { ...settings, command: [tree.path("program"), "x", String(index)] }).read(forever),
    );
    expect((await Promise.all(readings)).map((reading) => reading.ok && reading.values[0]?.value)).toEqual([...Array(12).keys()]);
  });
});
