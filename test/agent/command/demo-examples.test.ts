import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "@lydell/node-pty";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type DemoBox, startDemoBox } from "../../../agent/command/demo-box.ts";
import { commonPlay } from "../../../agent/command/demo-play/common.ts";
import type { Play } from "../../../agent/command/demo-play/play.ts";
import { plays } from "../../../agent/command/demo-play/plays.ts";
import { playScript } from "../../../agent/command/demo-script.ts";
import { exampleSetting } from "../../../agent/command/demo-setting.ts";
import { exampleNames } from "../../../agent/command/example.ts";
import { loadConfig } from "../../../config/load.ts";
import { eventually } from "../shell/fixture.ts";
import { main, pinbus, start } from "./agent-process.ts";

/** A configuration as `pinbus demo --example` runs it, with what the play told. */
async function boxOf(text: string) {
  const box: DemoBox = await startDemoBox(main, (dir) => exampleSetting(text, dir));
  onTestFinished(() => {
    box.client.close();
    box.clean();
  });
  const told: string[] = [];
  const play = (given: Play, within = 15_000) => playScript(box, given, { tell: (line) => told.push(line), within });
  return { box, told, play };
}

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-no-demo-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The agents that were started with a configuration below `folder`. */
async function agentsIn(folder: string): Promise<string[]> {
  const found = () =>
    readdirSync("/proc").filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`run\0--config\0${folder}`);
      } catch {
        return false;
      }
    });
  await eventually(found).toHaveLength(1);
  return found();
}

describe("pinbus demo --example", () => {
  it.each(exampleNames())("%s plays to its end: everything that is expected was said", async (name) => {
    const { code, stdout, stderr } = await pinbus(["demo", "--example", name]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const { text } of plays.get(name)?.steps ?? []) expect(stdout).toContain(text.split("P/")[0]);
    expect(stdout).toMatch(/Done: every step was seen\.\n$/);
  });

  it("says which server is not reached", async () => {
    const { told, play } = await boxOf(
      "mqtt: { server: [broker.invalid, 192.0.2.1], port: 8883, username: u, password: { file: no.such } }",
    );
    expect(await play({ steps: [] })).toBe(0);
    expect(told.slice(1, 3)).toEqual([
      "The server of the example, broker.invalid, 192.0.2.1, is not reached: the broker is in its place.",
      "Left out, since it belongs to the real place: mqtt.port, mqtt.username, mqtt.password.",
    ]);
  });

  it("leaves no folder behind when somebody ends it with Ctrl-C", async () => {
    const folder = tempFolder();
    const { child, done } = start(["demo", "--example", "garden"], { env: { TMPDIR: folder } });
    await once(child.stdout ?? child, "data");
    child.kill("SIGINT");
    expect(await done).toMatchObject({ code: 130 });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["SIGTERM", "while it starts", () => Promise.resolve()],
    ["SIGHUP", "while it starts", () => Promise.resolve()],
    ["SIGTERM", "with the terminal UI open", (shown: () => string) => eventually(shown).toContain("Pins")],
    ["SIGHUP", "with the terminal UI open", (shown: () => string) => eventually(shown).toContain("Pins")],
  ] as const)("leaves no folder and no agent behind when its terminal ends it by %s %s", async (signal, _, until) => {
    const folder = tempFolder();
    const ownEnv = Object.entries(process.env).filter(([name]) => !/^(PINBUS_|NOTIFY_)/.test(name));
    const pty = spawn(process.execPath, [main, "demo", "--example", "garden"], {
      env: { ...Object.fromEntries(ownEnv), TMPDIR: folder, TERM: "xterm-256color" },
    });
    onTestFinished(() => pty.kill("SIGKILL"));
    let shown = "";
    pty.onData((text) => {
      shown += text;
    });
    const ended = new Promise<unknown>((resolve) => pty.onExit(resolve));
    await eventually(() => readdirSync(folder)).toHaveLength(1);
    const pids = await agentsIn(folder);
    await until(() => shown);
    pty.kill(signal);
    await ended;
    expect(readdirSync(folder)).toEqual([]);
    for (const pid of pids) await eventually(() => existsSync(`/proc/${pid}`)).toBe(false);
  });

  it("leaves no folder behind when the configuration is none", async () => {
    const folder = tempFolder();
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    await expect(boxOf("outputs: [")).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says that there is no room for its files, and ends with 1", async () => {
    const noFolder = join(tempFolder(), "file");
    writeFileSync(noFolder, "");
    const { code, stderr } = await pinbus(["demo"], { env: { TMPDIR: noFolder } });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `pinbus: the demo cannot write to ${noFolder}: ENOTDIR: a part of its path is no directory, check the path, or set TMPDIR to another folder\n`,
    });
    const full = startDemoBox(main, () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    });
    await expect(full).rejects.toThrow("ENOSPC: the disk is full, make room on it, or set TMPDIR to another folder");
  });

  it("lists the examples alone, and with an unknown name, whose neighbour it names", async () => {
    const [alone, unknown] = await Promise.all([pinbus(["demo", "--example"]), pinbus(["demo", "--example", "doorbel"])]);
    expect([alone.code, alone.stdout.trimEnd().split("\n")]).toEqual([
      0,
      expect.toSatisfy((lines) => lines.length === exampleNames().length),
    ]);
    expect([unknown.code, unknown.stdout]).toEqual([64, ""]);
    expect(unknown.stderr).toContain('there is no example "doorbel"; did you mean doorbell?');
    expect(unknown.stderr).toContain(alone.stdout);
  });
});

describe("what a play says of a step that fails", () => {
  const lamp = "outputs: { lamp: { line: 27 } }";
  it("names what was not seen, and what was seen and should not have been", async () => {
    const missing = await boxOf(lamp);
    const step = { text: "ON", does: [{ set: "lamp", to: "ON" }] };
    await expect(missing.play({ steps: [{ ...step, sees: [["P/out/lamp/state", "OFF"]] }] }, 1000)).rejects.toMatchObject({
      code: 70,
      message: "step 2: not seen within 1 s: P/out/lamp/state OFF",
    });
    const wrong = await boxOf(lamp);
    const never = [["P/out/lamp/state", "ON"]] as const;
    await expect(
      wrong.play({
        steps: [
          {
            ...step,
            sees: [
              ["P/out/lamp/attr", "mqtt"],
              ["P/none", ""],
            ],
            never,
          },
        ],
      }),
    ).rejects.toMatchObject({
      code: 70,
      message: "step 2: seen, and should not have been: P/out/lamp/state ON",
    });
  });
});

describe("the common play", () => {
  it("presses each input and is answered by each output and PWM, also where the contract refuses", async () => {
    const text = `
inputs:
  button: { line: 17, bias: pull-up, active: low }
  slow: { line: 22, kind: switch, debounce: 500ms }
  meter: { line: 23, kind: counter }
  knob: { line: 24, line_b: 25, kind: encoder }
outputs:
  pump: { line: 5, min_on: 1m }
  left: { line: 6, interlock: way }
  right: { line: 13, interlock: way }
interlocks: { way: { dead_time: 300ms, mode: refuse } }
pwm:
  fan: { line: 12, kind: fan }
`;
    const { box, told, play } = await boxOf(text);
    const loaded = loadConfig({ file: box.config, env: box.env, args: {}, host: { hostname: "demo", machineId: "" } });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(await play(commonPlay(loaded.config))).toBe(0);
    expect(told.filter((line) => /^\d+\. Somebody presses/.test(line))).toHaveLength(3);
    expect(told.filter((line) => line.includes("/result"))).toHaveLength(8);
    expect(told.join("\n")).toContain('"reason":"min_on"');
  });
});
