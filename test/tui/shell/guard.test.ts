import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hold, modesOf, openPty, signal, until, untouched } from "./pty.ts";

let shell: ReturnType<typeof openPty> | undefined;
afterEach(() => {
  shell?.dispose();
  shell = undefined;
});

describe("a suspension", () => {
  it.each(["still", "still,blocking"])("of %s gives the shell a clean terminal and comes back with a whole screen", async (mode) => {
    shell = openPty(undefined);
    const { folder } = shell;
    const settings = (name: string) => existsSync(join(folder, name)) && readFileSync(join(folder, name), "utf8");
    await shell.shows("$ ");
    shell.type(`stty -a > before; ${shell.run(mode)}\r`);
    await shell.shows("ready still");
    shell.type("z");
    await shell.shows(/Stopped/);
    expect(modesOf(shell)).toMatchObject({ buffer: "normal", cursorHidden: false, sendFocusMode: false, mouseTrackingMode: "none" });
    // On a busy machine the terminal may answer the last status request only now, to the shell: Ctrl-U takes that off the line.
    shell.type("\x15stty -a > stopped.new; mv stopped.new stopped\r");
    await until(() => expect(settings("stopped")).toBe(settings("before")));
    shell.type("\x15fg\r");
    await shell.shows("resumed");
    await shell.shows("ready still");
    const keys = shell.report().keys ?? 0;
    shell.type("j");
    await shell.shows(`keys ${Math.max(2, keys + 1)}`);
    shell.type("q");
    await shell.shows("closed");
    expect(modesOf(shell)).toMatchObject({ buffer: "normal", cursorHidden: false, sendFocusMode: false, mouseTrackingMode: "none" });
    shell.type("stty -a > after.new; mv after.new after\r");
    await until(() => expect(settings("after")).toBe(settings("before")));
    shell.type("exit 5\r");
    expect(await shell.exited).toBe(5);
  });

  it("that nobody can end, because there is no job control, ends by itself", async () => {
    shell = openPty(({ run }) => `${run("still")}; exit 4`);
    await shell.shows("ready still");
    shell.type("z");
    await shell.shows("resumed");
    shell.type("q");
    expect(await shell.exited).toBe(4);
  });
});

describe("a stop that nobody saw coming", () => {
  it("is followed by a whole screen", async () => {
    shell = openPty(undefined);
    await shell.shows("$ ");
    shell.type(`${shell.run("still")}\r`);
    await shell.shows("ready still");
    await signal(shell, "SIGSTOP");
    await shell.shows("Stopped");
    shell.type("fg\r");
    await shell.shows("resumed");
    shell.type("q");
    await shell.shows("closed");
    shell.type("exit 6\r");
    expect(await shell.exited).toBe(6);
  });
});

describe("a terminal that can not show the UI", () => {
  it("is refused with a sentence, and not touched", async () => {
    shell = openPty(({ run }) => `TERM=dumb ${run("still")}; ${run("still")} < /dev/null; ${hold}; exit 9`);
    const { screen } = shell;
    const text = () => screen.text().join("");
    await until(() => expect(text()).toContain("needs a terminal on stdin"));
    expect(text()).toContain('TERM is "dumb"; use `pinbus status`');
    expect(modesOf(shell)).toEqual(untouched);
    shell.type("\n");
    expect(await shell.exited).toBe(9);
  });
});

describe("a terminal that does not read", () => {
  // One frame is more than the kernel keeps for a pty.
  const large = { cols: 300, rows: 100 };

  it("neither stops the event loop nor fills memory, and goes on where it was", async () => {
    shell = openPty(({ run }) => `${run("churn")}; ${hold}; exit 7`, large);
    await shell.shows("ready churn");
    const { pty, report } = shell;
    await until(() => expect(report().frames ?? 0).toBeGreaterThan(5));
    pty.pause();
    // Stalled: the process goes on reporting, and draws no more.
    let frames = -1;
    await until(() => {
      const before = frames;
      frames = report().frames ?? 0;
      expect(report().maxQueued ?? 0).toBeGreaterThan(0);
      expect(frames).toBe(before);
    });
    expect(report().maxQueued ?? 0).toBeLessThanOrEqual(64 * 1024);
    expect(report().maxGapMs ?? 0).toBeLessThan(1_000);
    pty.resume();
    await until(() => expect(report().frames ?? 0).toBeGreaterThan(frames + 3));
    shell.type("q");
    await until(() => shell && expect(modesOf(shell)).toEqual(untouched));
    shell.type("\n");
    expect(await shell.exited).toBe(7);
  });

  it("can still be left, in bounded time, with what was not read thrown away", async () => {
    shell = openPty(({ run }) => `${run("churn")}; exit $?`, large);
    await shell.shows("ready churn");
    const { pty, report } = shell;
    await until(() => expect(report().frames ?? 0).toBeGreaterThan(5));
    pty.pause();
    await until(() => expect(report().maxQueued ?? 0).toBeGreaterThan(0));
    await signal(shell, "SIGTERM");
    await until(() => expect(report().ended).toBe("signal"));
    pty.resume();
    expect(await shell.exited).toBe(143);
  });
});
