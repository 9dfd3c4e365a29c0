import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { kill, openPty, type PtyShell, until } from "./pty.ts";

let shell: ReturnType<typeof openPty> | undefined;
afterEach(() => {
  shell?.dispose();
  shell = undefined;
});

/** Modes that only a terminal emulator sees. */
function modesOf({ screen }: PtyShell): object {
  const { bracketedPasteMode, sendFocusMode, applicationCursorKeysMode, applicationKeypadMode, mouseTrackingMode, wraparoundMode } =
    screen.xterm.modes;
  const { _core } = screen.xterm as unknown as { _core: { coreService: { isCursorHidden: boolean } } };
  return {
    buffer: screen.xterm.buffer.active.type,
    cursorHidden: _core.coreService.isCursorHidden,
    bracketedPasteMode,
    sendFocusMode,
    applicationCursorKeysMode,
    applicationKeypadMode,
    mouseTrackingMode,
    wraparoundMode,
  };
}
const untouched = {
  buffer: "normal",
  cursorHidden: false,
  bracketedPasteMode: false,
  sendFocusMode: false,
  applicationCursorKeysMode: false,
  applicationKeypadMode: false,
  mouseTrackingMode: "none",
  wraparoundMode: true,
};

/** The shell stays until Enter: of what it wrote last, node-pty throws away what is not read 200 ms after its end. */
const hold = "read -r _";

/** Starts the fixture between two `stty -a`, ends it in some way, and returns the exit code that the shell saw. */
async function endBy(end: (shell: PtyShell) => void, env?: Record<string, string>): Promise<number> {
  shell = openPty(
    ({ run, folder }) =>
      `echo front; stty -a > ${folder}/before; ${run("still")} 2> ${folder}/errors; code=$?; stty -a > ${folder}/after; echo back; ${hold}; exit $code`,
    { env },
  );
  await shell.shows("ready still");
  end(shell);
  await shell.shows("back");
  shell.type("\n");
  return shell.exited;
}
const read = (name: string) => readFileSync(join(shell?.folder ?? "", name), "utf8");
const pid = (from: PtyShell) => from.report().pid ?? 0;
const signal = (name: NodeJS.Signals) => async (from: PtyShell) => {
  await until(() => expect(pid(from)).toBeGreaterThan(0));
  kill(pid(from), name);
};

describe("every way out leaves the terminal as it was", () => {
  it.each<[string, (shell: PtyShell) => void, number]>([
    ["the key to quit", (from) => from.type("q"), 0],
    ["process.exit", (from) => from.type("x"), 0],
    ["an error that nobody caught", (from) => from.type("t"), 70],
    ["a rejection that nobody handled", (from) => from.type("r"), 70],
    ["SIGTERM", signal("SIGTERM"), 143],
    ["SIGINT", signal("SIGINT"), 130],
    ["SIGQUIT", signal("SIGQUIT"), 131],
    ["SIGHUP", signal("SIGHUP"), 129],
  ])("%s", async (_, end, code) => {
    expect(await endBy(end)).toBe(code);
    expect(read("after")).toBe(read("before"));
    if (shell) expect(modesOf(shell)).toEqual(untouched);
    // Above the UI's place on the first screen nothing was overwritten.
    // The terminal's answer to a question may come too late for the UI; then the shell shows it.
    expect(shell?.screen.text().join(" ").trim()).toMatch(/^front( closed)? (\^\[\[0n)?back( \^\[\[0n)?$/);
  });

  it.each(["linux", "vt100"])("on TERM=%s, which has no second screen, the last frame does not stay", async (TERM) => {
    expect(await endBy((from) => from.type("q"), { TERM })).toBe(0);
    expect(read("after")).toBe(read("before"));
    expect(shell?.screen.text().join("\n")).not.toContain("ready");
  });
});

describe("an error that nobody caught", () => {
  it("is told after the screen is back, without its control characters", async () => {
    await endBy((from) => from.type("t"));
    expect(read("errors")).toContain("pinbus: a bug in the terminal UI");
    expect(read("errors")).toContain("thrown ␛]0;owned␇ on purpose");
    expect(read("errors")).not.toContain("\x1b");
    expect(shell?.report().ended).toBe("error");
  });
});

describe("a terminal that goes away", () => {
  it("ends the process by SIGHUP, not by an abort", async () => {
    shell = openPty(({ run, folder }) => `trap : HUP; ${run("churn")}; echo $? > ${folder}/code.new; mv ${folder}/code.new ${folder}/code`);
    await shell.shows("ready churn");
    const code = join(shell.folder, "code");
    (shell.pty as unknown as { destroy(): void }).destroy();
    await until(() => expect(existsSync(code)).toBe(true));
    expect(readFileSync(code, "utf8")).toBe("129\n");
    expect(shell.report().ended).toBe("gone");
  });
});

describe("a UI that was killed", () => {
  it("leaves modes on, and the next start and end turns them off", async () => {
    shell = openPty(({ run }) => `printf '\\033[?1003h\\033[?1006h'; ${run("still")}; ${hold}; exit 3`);
    await shell.shows("ready still");
    expect(modesOf(shell)).toMatchObject({ mouseTrackingMode: "none", bracketedPasteMode: true });
    shell.type("q");
    await shell.shows("closed");
    await until(() => shell && expect(modesOf(shell)).toEqual(untouched));
    shell.type("\n");
    expect(await shell.exited).toBe(3);
  });
});

describe("a suspension", () => {
  it("gives the shell a clean terminal and comes back with a whole screen", async () => {
    shell = openPty(undefined);
    await shell.shows("$ ");
    shell.type(`${shell.run("still")}\r`);
    await shell.shows("ready still");
    shell.type("z");
    await shell.shows(/Stopped/);
    expect(modesOf(shell)).toMatchObject({ buffer: "normal", cursorHidden: false, sendFocusMode: false, mouseTrackingMode: "none" });
    // On a busy machine the terminal may answer the last status request only now, to the shell: Ctrl-U takes that off the line.
    shell.type("\x15fg\r");
    await shell.shows("resumed");
    await shell.shows("ready still");
    const keys = shell.report().keys ?? 0;
    shell.type("j");
    await shell.shows(`keys ${Math.max(2, keys + 1)}`);
    shell.type("q");
    await shell.shows("closed");
    expect(modesOf(shell)).toMatchObject({ buffer: "normal", cursorHidden: false, sendFocusMode: false, mouseTrackingMode: "none" });
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
    await signal("SIGSTOP")(shell);
    await shell.shows("Stopped");
    shell.type("fg\r");
    await shell.shows("resumed");
    shell.type("q");
    await shell.shows("closed");
    shell.type("exit 6\r");
    expect(await shell.exited).toBe(6);
  });
});

describe("a window that changes its size", () => {
  it("gets a frame of the new size", async () => {
    shell = openPty(({ run }) => `${run("still")}; exit 8`);
    await shell.shows("ready still 80x24");
    shell.screen.xterm.resize(100, 30);
    shell.pty.resize(100, 30);
    await shell.shows("ready still 100x30");
    shell.type("q");
    expect(await shell.exited).toBe(8);
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
    await signal("SIGTERM")(shell);
    await until(() => expect(report().ended).toBe("signal"));
    pty.resume();
    expect(await shell.exited).toBe(143);
  });
});
