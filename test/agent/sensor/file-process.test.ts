import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../shell/fixture.ts";
import { filesOf, forever, reader, sysfs } from "./sysfs.ts";

/** Children of a process that read files. */
const readers = (parent = process.pid) =>
  readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8")
    .trim()
    .split(" ")
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("sensor/reader.js");
      } catch {
        return false;
      }
    });

describe("the process that reads files", () => {
  it("is not there before the first read, and gone when it is closed, whatever hangs", async () => {
    const tree = sysfs({ one: "1" });
    tree.fifo("hangs");
    const files = filesOf();
    expect(readers()).toEqual([]);
    const hanging = files.read(tree.path("hangs"), forever);
    expect(await files.read(tree.path("one"), forever)).toEqual({ ok: true, text: "1" });
    expect(readers()).toHaveLength(1);
    files.close();
    expect(await hanging).toMatchObject({ ok: false, problem: "the agent stops" });
    await eventually(readers).toEqual([]);
    expect(await files.read(tree.path("one"), forever)).toMatchObject({ ok: false });
  });

  it("reads other files while many reads hang, and answers those when they are over", async () => {
    const tree = sysfs({ one: "1" });
    const names = Array.from({ length: 12 }, (_, index) => `hangs-${index}`);
    for (const name of names) tree.fifo(name);
    const files = filesOf();
    const hanging = names.map((name) => files.read(tree.path(name), forever));
    expect(await files.read(tree.path("one"), forever)).toEqual({ ok: true, text: "1" });
    for (const name of names) writeFileSync(tree.path(name), "late");
    expect(await Promise.all(hanging)).toEqual(names.map(() => ({ ok: true, text: "late" })));
  });

  it("lets the program that started it end at once, and ends with it, while a read hangs", async () => {
    const tree = sysfs();
    tree.fifo("hangs");
    const program = (last: string) => `
      const { FileProcess } = await import(${JSON.stringify(join(dirname(reader), "file-process.js"))});
      const files = new FileProcess();
      void files.read(${JSON.stringify(tree.path("hangs"))}, new AbortController().signal);
      ${last}`;
    const [ends, killed] = ["files.close();", "setInterval(() => {}, 1000);"].map((last) =>
      spawn(process.execPath, ["--input-type=module", "-e", program(last)], { stdio: "ignore" }),
    );
    onTestFinished(() => {
      killed?.kill("SIGKILL");
    });
    expect(await once(ends as ChildProcess, "exit")).toEqual([0, null]);
    let pids: string[] = [];
    await eventually(() => {
      pids = readers(killed?.pid);
      return pids.length;
    }).toBe(1);
    killed?.kill("SIGKILL");
    await eventually(() => existsSync(`/proc/${pids[0]}`)).toBe(false);
  });

  it("that is killed fails what it was reading, and is started anew", async () => {
    const tree = sysfs({ one: "1" });
    tree.fifo("hangs");
    const files = filesOf();
    const hanging = files.read(tree.path("hangs"), forever);
    expect(await files.read(tree.path("one"), forever)).toMatchObject({ ok: true });
    process.kill(Number(readers()[0]), "SIGKILL");
    expect(await hanging).toEqual({ ok: false, code: "failed", problem: "the process that reads files has ended (SIGKILL)" });
    expect(await files.read(tree.path("one"), forever)).toEqual({ ok: true, text: "1" });
  });

  it("that cannot be started is said to have failed", async () => {
    const files = filesOf("/nowhere/reader.js");
    expect(await files.read("/proc/uptime", forever)).toMatchObject({ ok: false });
  });

  it("is not asked when nobody waits for the answer any more", async () => {
    expect(await filesOf().read("/proc/uptime", AbortSignal.abort())).toMatchObject({ ok: false });
    expect(readers()).toEqual([]);
  });
});
