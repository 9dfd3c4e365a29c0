import { afterEach, describe, expect, it } from "vitest";
import { hold, modesOf, openPty, signal, until, untouched } from "./pty.ts";

let shell: ReturnType<typeof openPty>;
afterEach(() => shell.dispose());

function resize(cols: number, rows: number): void {
  shell.screen.xterm.resize(cols, rows);
  shell.pty.resize(cols, rows);
}

/** A window that somebody drags about, down to a single cell. */
async function storm(sizes: number): Promise<void> {
  for (let at = 0; at < sizes; at++) {
    resize(1 + ((at * 37) % 200), 1 + ((at * 13) % 60));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a window that changes its size", () => {
  it("gets a frame of the new size", async () => {
    shell = openPty(({ run }) => `${run("still")}; exit 8`);
    await shell.shows("ready still 80x24");
    resize(100, 30);
    await shell.shows("ready still 100x30");
    shell.type("q");
    expect(await shell.exited).toBe(8);
  });

  it.each(["still", "still,blocking"])("two hundred times leaves a whole screen of the last size, with fewer frames (%s)", async (mode) => {
    shell = openPty(({ run }) => `${run(mode)}; ${hold}; exit 8`);
    await shell.shows("ready still 80x24");
    const before = shell.report().frames ?? 0;
    await storm(200);
    resize(100, 30);
    await shell.shows("ready still 100x30");
    const [title, ...rest] = shell.screen.text();
    expect(title).toMatch(/^ready still 100x30 frame \d+$/);
    expect(rest.filter((line) => line !== "")).toEqual(["keys 0", "resumed"]);
    await until(() => expect(shell.report().frames ?? 0).toBeGreaterThan(before));
    expect((shell.report().frames ?? 0) - before).toBeLessThan(200);
    shell.type("q");
    await shell.shows("closed");
    expect(modesOf(shell)).toEqual(untouched);
    shell.type("\n");
    expect(await shell.exited).toBe(8);
  });

  it("can be left meanwhile", async () => {
    shell = openPty(({ run }) => `${run("churn")}; code=$?; ${hold}; echo back; ${hold}; exit $code`);
    await shell.shows("ready churn");
    const left = signal(shell, "SIGTERM");
    await storm(200);
    await left;
    await until(() => expect(shell.report().ended).toBe("signal"));
    resize(80, 24);
    shell.type("\n");
    await shell.shows("back");
    expect(modesOf(shell)).toEqual(untouched);
    shell.type("\n");
    expect(await shell.exited).toBe(143);
  });
});
