import type { writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TtyOutput, writePatiently } from "../../../tui/shell/output.ts";
import { FakeOutput } from "../screen.ts";

/** A descriptor that answers each write with the next step: a number of bytes or an error code. */
function descriptor(...steps: (number | string)[]) {
  let taken = "";
  const write = ((_fd: number, bytes: Buffer) => {
    const step = steps.length > 1 ? steps.shift() : steps[0];
    if (typeof step === "string") throw Object.assign(new Error(step), { code: step });
    const part = bytes.subarray(0, step);
    taken += part.toString();
    return part.length;
  }) as typeof writeSync;
  return { write, taken: () => taken };
}

describe("the last write to a terminal", () => {
  it("tries again while the terminal is busy, and goes on after a part", () => {
    const { write, taken } = descriptor("EAGAIN", "EAGAIN", 3, "EAGAIN", 100);
    expect(writePatiently(1, Buffer.from("restore"), write)).toBe(true);
    expect(taken()).toBe("restore");
  });

  it("gives up on a stalled terminal after 200 ms", () => {
    const start = performance.now();
    expect(writePatiently(1, Buffer.from("restore"), descriptor("EAGAIN").write)).toBe(false);
    expect(performance.now() - start).toBeGreaterThanOrEqual(200);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it("gives up on a dead terminal at once", () => {
    expect(writePatiently(1, Buffer.from("restore"), descriptor("EIO").write)).toBe(false);
  });
});

describe("the output", () => {
  it("says when the terminal has taken everything", async () => {
    const taken: (() => void)[] = [];
    const output = new TtyOutput(new FakeOutput(80, 24, (_chunk, done) => taken.push(done)));
    let idle = 0;
    output.on("idle", () => idle++);
    output.write("one");
    output.write("two");
    expect(output.pending).toBe(true);
    taken.shift()?.();
    await new Promise(setImmediate);
    expect([output.pending, idle]).toEqual([true, 0]);
    taken.shift()?.();
    await new Promise(setImmediate);
    expect([output.pending, idle, output.total]).toEqual([false, 1, 6]);
  });

  it("writes nothing more after the terminal was handed back, until it is taken again", async () => {
    const target = new FakeOutput(80, 24, (_chunk, done) => done());
    const output = new TtyOutput(target);
    output.write("frame");
    await new Promise(setImmediate);
    output.release("[restored]");
    output.write("late");
    await new Promise(setImmediate);
    expect(target.written).toBe("frame[restored]");
    output.take();
    output.write("again");
    await new Promise(setImmediate);
    expect(target.written).toBe("frame[restored]again");
  });

  it("takes 80x24 for a terminal that does not know its size", () => {
    const output = new TtyOutput(new FakeOutput(0, 0, (_chunk, done) => done()));
    expect([output.columns, output.rows]).toEqual([80, 24]);
  });
});
