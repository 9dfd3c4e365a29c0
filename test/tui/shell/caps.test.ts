import { describe, expect, it } from "vitest";
import { isBehindSsh, readCaps, TerminalRefused } from "../../../tui/shell/caps.ts";

const tty = { stdin: { isTTY: true }, stdout: { isTTY: true } };

describe("what a terminal can do", () => {
  it.each([
    ["xterm-256color", { family: "xterm-256color", colours: 256, alternate: true }],
    ["xterm-kitty", { family: "xterm-256color", colours: 256, alternate: true }],
    ["tmux-256color", { family: "xterm-256color", colours: 256, alternate: true }],
    ["linux", { family: "linux", colours: 8, alternate: false, unicode: false }],
    ["VT220", { family: "vt100", colours: 0, alternate: false, unicode: false }],
  ])("is known for TERM=%s", (TERM, caps) => {
    expect(readCaps({ env: { TERM, LANG: "en_GB.UTF-8" }, ...tty })).toMatchObject(caps);
  });

  it.each([
    [{ LANG: "de_DE.UTF-8" }, true],
    [{ LANG: "C.utf8" }, true],
    [{ LANG: "C" }, false],
    [{}, false],
    [{ LANG: "de_DE.UTF-8", LC_ALL: "C" }, false],
    [{ LANG: "C", LC_CTYPE: "C.UTF-8" }, true],
    [{ LANG: "de_DE.UTF-8", LC_ALL: "" }, true],
  ])("reads the locale %o", (env, unicode) => {
    expect(readCaps({ env: { TERM: "xterm", ...env }, ...tty }).unicode).toBe(unicode);
  });

  it("lets --utf8 and --ascii win over locale and name, and --ascii over --utf8", () => {
    expect(readCaps({ env: { TERM: "linux", LANG: "C" }, utf8: true, ...tty }).unicode).toBe(true);
    expect(readCaps({ env: { TERM: "xterm", LANG: "C.UTF-8" }, ascii: true, utf8: true, ...tty }).unicode).toBe(false);
  });

  it("obeys NO_COLOR unless it is empty", () => {
    expect(readCaps({ env: { TERM: "xterm", NO_COLOR: "1" }, ...tty }).colours).toBe(0);
    expect(readCaps({ env: { TERM: "xterm", NO_COLOR: "" }, ...tty }).colours).toBe(256);
  });

  it.each([
    [{ TERM: "dumb" }, tty, /TERM is "dumb"/],
    [{}, tty, /TERM is not set/],
    [{ TERM: "xterm" }, { ...tty, stdout: {} }, /needs a terminal on stdout/],
    [{ TERM: "xterm" }, { ...tty, stdin: {} }, /needs a terminal on stdin/],
  ])("is refused with the commands that do without it: %o", (env, streams, message) => {
    expect(() => readCaps({ env, ...streams })).toThrow(TerminalRefused);
    expect(() => readCaps({ env, ...streams })).toThrow(message);
    expect(() => readCaps({ env, ...streams })).toThrow(/pinbus status/);
  });
});

describe("a terminal behind ssh", () => {
  const SSH_CONNECTION = "192.168.1.7 50022 192.168.1.40 22";
  it.each([
    [{ SSH_CONNECTION }, true],
    [{ SSH_CONNECTION, TMUX: "/tmp/tmux-1000/default,7,0" }, false],
    [{ SSH_CONNECTION, STY: "812.pts-0" }, false],
    [{}, false],
  ])("%o: %s", (env, behind) => {
    expect(isBehindSsh(env)).toBe(behind);
  });
});
