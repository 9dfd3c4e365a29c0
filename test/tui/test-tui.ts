import { afterEach, beforeEach, expect, vi } from "vitest";
import { runTui } from "../../tui/main.ts";
import type { TuiOptions } from "../../tui/options.ts";
import { patience } from "../agent/shell/fixture.ts";
import { createFakeTerminal, type FakeTerminal } from "./screen.ts";

/** The terminal UI on a terminal in memory, a new one for each test. After it Ctrl-C ends it, and then goes what the test had started. */
export interface TestTui {
  readonly screen: FakeTerminal;
  /** Its exit code; undefined before `start`. */
  running: Promise<number> | undefined;
  /** Called after the test, the last one first. */
  readonly cleanups: (() => unknown)[];
  start(options: Partial<TuiOptions>): void;
  /** Another screen, for a second start. */
  renew(): void;
  text(): string;
  shows(what: string | RegExp): Promise<void>;
}

/** For the tests of this file. */
export function useTui(cols: number, rows: number): TestTui {
  let screen: FakeTerminal;
  const tui: TestTui = {
    get screen() {
      return screen;
    },
    running: undefined,
    cleanups: [],
    start(options) {
      const env = { TERM: "xterm-256color", LANG: "C.UTF-8" };
      tui.running = runTui({ env, stdin: screen.stdin, stdout: screen.stdout, ...options });
    },
    renew() {
      screen.dispose();
      screen = createFakeTerminal(cols, rows);
    },
    text: () => screen.text().join("\n"),
    shows: (what) => vi.waitFor(() => expect(tui.text()).toMatch(what), patience),
  };
  beforeEach(() => {
    screen = createFakeTerminal(cols, rows);
  });
  afterEach(async () => {
    if (tui.running !== undefined) {
      screen.type("\u0003");
      await tui.running;
    }
    tui.running = undefined;
    for (const cleanup of tui.cleanups.splice(0).reverse()) await cleanup();
    screen.dispose();
  });
  return tui;
}
