import { afterEach, describe, expect, it } from "vitest";
import { openTerminal, type Terminal } from "../../../tui/shell/terminal.ts";
import type { Canvas } from "../../../tui/view/canvas.ts";
import { eventually } from "../../agent/shell/fixture.ts";
import { createFakeTerminal, type FakeTerminal } from "../screen.ts";

const restored =
  "\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l" +
  "\x1b[r\x1b[0m\x1b(B\x0f\x1b[?1l\x1b>\x1b[?7h\x1b[?25h\x1b[?1049l";

let opened: { terminal: Terminal; fake: FakeTerminal } | undefined;
afterEach(() => {
  opened?.terminal.close();
  opened?.fake.dispose();
  opened = undefined;
});

function start(draw: (canvas: Canvas) => void = () => {}) {
  const fake = createFakeTerminal(60, 14);
  const events: string[] = [];
  const terminal = openTerminal({
    env: { TERM: "xterm-256color", LANG: "C.UTF-8" },
    stdin: fake.stdin,
    stdout: fake.stdout,
    draw,
    onKey: (key) => events.push(key.text ? `${key.name}=${key.text}` : key.name),
    onPaste: (text) => events.push(`paste ${text}`),
    onFocus: (focused) => events.push(`focus ${focused}`),
    onResize: () => events.push(`resize ${terminal.cols}x${terminal.rows}`),
    onEnd: (why) => events.push(`end ${why}`),
  });
  opened = { terminal, fake };
  return { fake, events, terminal };
}

describe("the terminal", () => {
  it("draws a first frame by itself, on the alternate screen, with paste and focus reports on", async () => {
    const { fake, terminal } = start((canvas) => canvas.put(2, "hello", "text", 3));
    await eventually(() => fake.text()[2]).toBe("   hello");
    expect(fake.xterm.buffer.active.type).toBe("alternate");
    expect(fake.xterm.modes.bracketedPasteMode).toBe(true);
    expect(fake.xterm.modes.sendFocusMode).toBe(true);
    expect(fake.xterm.modes.mouseTrackingMode).toBe("none");
    expect(fake.stdin.raw).toBe(true);
    expect([terminal.cols, terminal.rows, terminal.unicode]).toEqual([60, 14, true]);
  });

  it("draws when asked, and paces itself by the terminal's answers", async () => {
    let count = 0;
    const { fake, terminal } = start((canvas) => canvas.put(0, `frame ${++count}`, "text"));
    await eventually(() => fake.text()[0]).toBe("frame 1");
    for (let i = 0; i < 50; i++) terminal.request(true);
    await eventually(() => fake.text()[0]).toBe("frame 2");
    expect(fake.replies.filter((reply) => reply === "\x1b[0n").length).toBe(2);
  });

  it("tells keys, pastes and focus apart and passes no answer of the terminal on", async () => {
    const { fake, events, terminal } = start();
    fake.type("j\x1b[A😀\x1b[200~two words\x1b[201~\x1b[I\x1b]11;rgb:0/0/0\x07");
    terminal.request();
    await eventually(() => events).toEqual(["j=j", "up", "😀=😀", "paste two words", "focus true"]);
  });

  it("is told of clicks only while the mouse is on", async () => {
    const { fake, events, terminal } = start();
    const tracking = () => fake.xterm.modes.mouseTrackingMode;
    terminal.mouse(true);
    await eventually(() => tracking()).toBe("vt200");
    fake.type("\x1b[<0;5;3M");
    await eventually(() => events).toEqual(["click 4 2"]);
    terminal.mouse(false);
    await eventually(() => tracking()).toBe("none");
    terminal.mouse(true);
    terminal.close();
    await eventually(() => tracking()).toBe("none");
  });

  it("draws at the new size after a change, once for many", async () => {
    const { fake, events } = start((canvas) => canvas.put(canvas.rows - 1, `${canvas.cols}x${canvas.rows}`, "text"));
    await eventually(() => fake.text()[13]).toBe("60x14");
    for (let cols = 50; cols >= 30; cols--) fake.resize(cols, 8);
    await eventually(() => fake.text()[7]).toBe("30x8");
    expect(events).toEqual(["resize 30x8"]);
  });

  it("repaints what something else has destroyed", async () => {
    const { fake, terminal } = start((canvas) => canvas.put(0, "whole", "text"));
    await eventually(() => fake.text()[0]).toBe("whole");
    await new Promise<void>((resolve) => fake.xterm.write("\x1b[2J\x1b[Hmesg: hello", resolve));
    terminal.repaint();
    await eventually(() => fake.text()[0]).toBe("whole");
  });

  it("copies at most 8 kB, as base64", async () => {
    const { fake, terminal } = start();
    terminal.copy(`a\x1b]0;x\x07${"ä".repeat(10_000)}`);
    await eventually(() => fake.stdout.written).toContain("\x1b]52;c;");
    const payload = fake.stdout.written.split("\x1b]52;c;")[1]?.split("\x07")[0] ?? "";
    const copied = Buffer.from(payload, "base64");
    expect(copied.length).toBeGreaterThan(8_188);
    expect(copied.length).toBeLessThanOrEqual(8_192);
    expect(copied.toString().endsWith("ää")).toBe(true);
    expect(fake.titles).toEqual([]);
  });

  it("leaves the terminal as it was, once, and leaves nothing on the process", async () => {
    const watched = ["exit", "uncaughtException", "unhandledRejection", "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGCONT", "SIGTSTP"];
    const before = watched.map((event) => process.listenerCount(event));
    const { fake, events, terminal } = start((canvas) => canvas.put(0, "x", "text"));
    await eventually(() => fake.text()[0]).toBe("x");
    terminal.close();
    terminal.close();
    terminal.request(true);
    await eventually(() => fake.xterm.buffer.active.type).toBe("normal");
    expect(fake.stdout.written.endsWith(restored)).toBe(true);
    expect(fake.stdout.written.split("\x1b[?1049l")).toHaveLength(2);
    expect([fake.stdin.raw, fake.stdin.paused]).toEqual([false, true]);
    expect(fake.xterm.modes).toMatchObject({ bracketedPasteMode: false, sendFocusMode: false, applicationCursorKeysMode: false });
    expect(watched.map((event) => process.listenerCount(event))).toEqual(before);
    expect(events).toEqual([]);
  });
});
