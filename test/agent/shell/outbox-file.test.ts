import { appendFileSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Publication, Settled } from "../../../agent/shell/link.ts";
import { Outbox } from "../../../agent/shell/outbox.ts";
import { eventually, keptLog, patience, tempFolder } from "./fixture.ts";

const released = Date.UTC(2026, 10, 21);

/** While the timers are those of a test; a disk that is busy takes its time. */
async function turns(wanted: () => boolean): Promise<void> {
  const until = performance.now() + patience.timeout;
  while (!wanted() && performance.now() < until) await new Promise(setImmediate);
}

/** A broker of the test's own making, and one life of the agent after the other in one folder. */
function world() {
  const dir = tempFolder();
  const log = keptLog();
  const clock = { mono: 1_000_000, epoch: released, now: () => clock.mono, wall: () => clock.epoch + clock.mono };
  const broker = { online: false, settles: false, got: [] as string[], waiting: [] as Settled[] };
  const problems: (string | null)[] = [];
  const link = {
    publish(publication: Publication, settled?: Settled) {
      if (!broker.online || !settled) return false;
      broker.got.push(publication.payload.toString());
      if (broker.settles) settled(undefined);
      else broker.waiting.push(settled);
      return true;
    },
  };
  const life = (options: { boot?: string; window?: number; count?: number } = {}) => {
    const outbox = new Outbox({
      dir,
      boot: options.boot ?? "boot-1",
      limits: { count: options.count ?? 1000, bytes: 10_000_000, window: options.window ?? 64 },
      link: () => link,
      clock,
      log,
      onProblem: (problem) => problems.push(problem),
    }).load();
    // A crash closes the file; here it stays open until the end.
    onTestFinished(() => outbox.close());
    return outbox;
  };
  const event = (payload: string): Publication => ({ kind: "event", topic: "p/n/in/bell/event", payload, qos: 1, retain: false });
  const file = join(dir, "outbox.jsonl");
  const text = () => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  const onDisk = (payload: string) => eventually(() => text().includes(JSON.stringify(payload))).toBe(true);
  const acknowledge = (count: number, error?: Error) => {
    for (const settled of broker.waiting.splice(0, count)) settled(error);
  };
  return { dir, log, clock, broker, problems, life, event, file, text, onDisk, acknowledge };
}

describe("the outbox on disk", () => {
  it("brings what waited to the broker after a crash, in order, and empties its file", async () => {
    const { life, event, onDisk, broker, acknowledge, file } = world();
    const first = life();
    for (const payload of ["a", "b", "c"]) first.add(event(payload), 60_000);
    await onDisk("c");
    const second = life();
    expect(second.depth).toBe(3);
    broker.online = true;
    second.connected();
    second.add(event("d"), 60_000);
    expect(broker.got).toEqual(["a", "b", "c", "d"]);
    acknowledge(4);
    await eventually(() => statSync(file).size).toBe(0);
    await second.close();
    expect(life().depth).toBe(0);
  });

  it("syncs what is done only when a power cut would bring it back", async () => {
    const { life, event, onDisk, text, broker, acknowledge, dir } = world();
    const probe = await open(dir, "r");
    const handles = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const { datasync } = handles;
    const began = vi.fn();
    const ended = vi.fn();
    const spy = vi.spyOn(handles, "datasync").mockImplementation(async function (this: FileHandle) {
      // The outbox of an earlier test may still be at it.
      const isOurs = readlinkSync(`/proc/self/fd/${this.fd}`).startsWith(dir);
      if (isOurs) began();
      await datasync.call(this);
      if (isOurs) ended();
    });
    onTestFinished(() => spy.mockRestore());
    const outbox = life();
    broker.online = true;
    outbox.connected();
    outbox.add(event("a"), 60_000);
    await onDisk("a");
    // Not before it is done: what was not safe yet needs no second sync.
    await eventually(() => ended.mock.calls.length).toBe(1);
    acknowledge(1);
    await eventually(text).toBe("");
    // Nor here: what is written before that would count as safe.
    await eventually(() => ended.mock.calls.length).toBe(2);
    // Of the next one nothing becomes safe: the time of its sync does not come.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    outbox.add(event("b"), 60_000);
    await vi.advanceTimersByTimeAsync(50);
    await turns(() => text().includes('"b"'));
    acknowledge(1);
    await turns(() => text() === "");
    await outbox.close();
    expect(began).toHaveBeenCalledTimes(2);
  });

  it("does not wait with a write for the next sync", async () => {
    const { life, event, text } = world();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const outbox = life();
    for (const payload of ["a", "b", "c"]) {
      outbox.add(event(payload), 60_000);
      await vi.advanceTimersByTimeAsync(50);
      await turns(() => text().includes(`"${payload}"`));
      expect(text()).toContain(`"${payload}"`);
    }
  });

  it("writes nothing while the broker answers at once", async () => {
    const { life, event, broker, acknowledge, text } = world();
    broker.online = true;
    const outbox = life();
    outbox.connected();
    for (let number = 0; number < 100; number++) {
      outbox.add(event(String(number)), 60_000);
      acknowledge(1);
    }
    await outbox.close();
    expect(text()).toBe("");
  });

  it("writes what waits although there was nothing to write before", async () => {
    const { life, event, broker, acknowledge, onDisk } = world();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    broker.online = true;
    const outbox = life();
    outbox.connected();
    outbox.add(event("a"), 60_000);
    acknowledge(1);
    // The moment in which "a" would have been written has passed when "b" is.
    await vi.advanceTimersByTimeAsync(100);
    vi.useRealTimers();
    broker.online = false;
    outbox.add(event("b"), 60_000);
    await onDisk("b");
  });

  it("keeps what is not acknowledged when it is closed", async () => {
    const { life, event, broker, acknowledge } = world();
    broker.online = true;
    const outbox = life();
    outbox.connected();
    for (const payload of ["a", "b"]) outbox.add(event(payload), 60_000);
    acknowledge(1);
    await outbox.close();
    broker.got.length = 0;
    life().connected();
    expect(broker.got).toEqual(["b"]);
  });

  it("sends after a crash at most a window of what the broker had acknowledged a second time", async () => {
    const { life, event, broker, onDisk, acknowledge } = world();
    const window = 4;
    const first = life({ window });
    for (let number = 0; number < 40; number++) first.add(event(String(number)), 60_000);
    await onDisk("39");
    broker.online = true;
    first.connected();
    await eventually(() => {
      if (broker.got.length < 20) acknowledge(1);
      return broker.got.length;
    }).toBe(20);
    const acknowledged = 20 - broker.waiting.length;
    broker.got.length = 0;
    life({ window }).connected();
    expect(Number(broker.got[0])).toBeLessThanOrEqual(acknowledged);
    expect(Number(broker.got[0])).toBeGreaterThanOrEqual(acknowledged - window);
  });

  it("shows what the broker refuses, and sends it no more", async () => {
    const { life, event, broker, acknowledge, onDisk } = world();
    const first = life();
    first.add(event("forbidden"), 60_000);
    await onDisk("forbidden");
    broker.online = true;
    first.connected();
    acknowledge(1, Object.assign(new Error("not authorised"), { code: 0x87 }));
    expect(first.dropped).toEqual({ expired: 0, full: 0, refused: 1 });
    await first.close();
    expect(life().depth).toBe(0);
  });

  it("counts the age on over a restart, and over a reboot by the wall clock", async () => {
    const { life, event, clock, broker, onDisk } = world();
    const first = life();
    first.add(event("short"), 5_000);
    first.add(event("long"), 3_600_000);
    await onDisk("long");
    clock.mono += 5_001;
    broker.online = true;
    const sameBoot = life();
    sameBoot.connected();
    expect(broker.got).toEqual(["long"]);
    expect(sameBoot.dropped.expired).toBe(1);
    // The machine was off for half an hour; then for more than an hour.
    const reboot = (after: number) => {
      clock.epoch += clock.mono - 60_000 + after;
      clock.mono = 60_000;
      broker.got.length = 0;
      life({ boot: `boot-${after}` }).connected();
      return broker.got;
    };
    expect(reboot(1_800_000)).toEqual(["long"]);
    expect(reboot(3_600_000)).toEqual([]);
  });

  it("takes an event of unknown age for as old as this boot", async () => {
    const { life, event, clock, broker, onDisk } = world();
    const first = life();
    first.add(event("short"), 50_000);
    first.add(event("long"), 70_000);
    await onDisk("long");
    [clock.epoch, clock.mono, broker.online] = [0, 60_000, true];
    life({ boot: "boot-2" }).connected();
    expect(broker.got).toEqual(["long"]);
  });

  it("leaves out what was cut off or has become NULs, and goes on behind it", async () => {
    const { life, event, broker, file, text, onDisk, log } = world();
    const first = life();
    for (const payload of ["a", "b", "c"]) first.add(event(payload), 60_000);
    await onDisk("c");
    const whole = text();
    const at = whole.indexOf('"b"') - 20;
    writeFileSync(file, `${whole.slice(0, at)}${"\0".repeat(30)}${whole.slice(at + 30)}`);
    appendFileSync(file, whole.slice(whole.lastIndexOf("\n", whole.length - 2) + 1, -10));
    const second = life();
    second.add(event("d"), 60_000);
    await onDisk("d");
    broker.online = true;
    life().connected();
    expect(broker.got).toEqual(["a", "c", "d"]);
    expect(log.entries.filter((entry) => entry.includes("could not be read"))).toHaveLength(2);
  });

  it("reads any bytes as nothing worse than nothing", () => {
    const { life, file } = world();
    const sum = (text: string) => `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
    for (const text of ["", "null", "7", '"n"', "[]", "{}", '{"n":1}', '{"n":1,"topic":7,"payload":"x"}']) {
      writeFileSync(file, sum(text));
      expect(life().depth).toBe(0);
    }
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.string().map((text) => Buffer.from(`${text}\n`)),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
        writeFileSync(file, Buffer.concat(chunks));
        expect(life().depth).toBe(0);
      }),
    );
  });

  it("goes on in memory when the disk cannot be written, says so, and again when it can", async () => {
    const { life, event, broker, file, problems, acknowledge } = world();
    const outbox = life();
    mkdirSync(file);
    outbox.add(event("a"), 60_000);
    await eventually(() => problems.at(-1)).toContain("could not be written");
    broker.online = true;
    outbox.connected();
    expect(broker.got).toEqual(["a"]);
    acknowledge(1);
    broker.online = false;
    rmSync(file, { recursive: true });
    outbox.add(event("b"), 60_000);
    await outbox.close();
    expect(problems.at(-1)).toBe(null);
    expect(life().depth).toBe(1);
  });

  it("goes on sending when the disk fails while it drains", async () => {
    const { life, event, broker, file, acknowledge, onDisk } = world();
    const first = life();
    for (let number = 0; number < 200; number++) first.add(event(String(number)), 60_000);
    await onDisk("199");
    // Else its own sync, which fails, lets it send to the same broker.
    await first.close();
    const second = life();
    rmSync(file);
    mkdirSync(file);
    broker.online = true;
    second.connected();
    expect(broker.got).toHaveLength(64);
    await eventually(() => {
      acknowledge(64);
      return broker.got.length;
    }).toBe(200);
    rmSync(file, { recursive: true });
  });

  it("sends thousands of QoS 0, which are settled while they are sent, in order, and writes none of them", async () => {
    const { life, event, broker, text } = world();
    const outbox = life();
    broker.online = true;
    broker.settles = true;
    const numbers = Array.from({ length: 3000 }, (_, index) => String(index));
    broker.online = false;
    for (const number of numbers.slice(0, 900)) outbox.add(event(number), 60_000);
    broker.online = true;
    outbox.connected();
    for (const number of numbers.slice(900)) outbox.add(event(number), 60_000);
    expect(broker.got).toEqual(numbers);
    expect(outbox.depth).toBe(0);
    await outbox.close();
    expect(text()).toBe("");
  });

  it("reads a file with more records than a call has arguments", () => {
    const { life, file } = world();
    const line = (n: number) => {
      const json = JSON.stringify({ n, mono: 9e12, wall: null, left: 9e12, topic: "t", payload: "", qos: 1, retain: false });
      return `${crc32(json).toString(16).padStart(8, "0")} ${json}`;
    };
    writeFileSync(file, Array.from({ length: 150_000 }, (_, index) => line(index + 1)).join("\n"));
    expect(life().depth).toBe(1000);
  });

  it("does not grow with what is done: a file of which most is done is written anew", async () => {
    const { life, event, broker, acknowledge, file, onDisk } = world();
    const outbox = life();
    const long = "x".repeat(2000);
    for (let number = 0; number < 600; number++) outbox.add(event(`${long}${number}`), 600_000);
    await onDisk(`${long}599`);
    const before = statSync(file).size;
    broker.online = true;
    outbox.connected();
    await eventually(() => {
      acknowledge(outbox.depth - 50);
      return outbox.depth;
    }).toBe(50);
    broker.online = false;
    acknowledge(50, new Error("cut"));
    outbox.add(event("last"), 600_000);
    await onDisk("last");
    expect(statSync(file).size).toBeLessThan(before / 2);
    broker.got.length = 0;
    broker.online = true;
    life().connected();
    const left = Array.from({ length: 50 }, (_, index) => `${long}${550 + index}`);
    expect(broker.got).toEqual([...left, "last"]);
  });

  it("does not grow behind one event that waits long: those that became too old are taken out of it", async () => {
    const { life, event, clock, file, onDisk, text } = world();
    const outbox = life({ count: 10 });
    outbox.add(event("first"), 7 * 86_400_000);
    const long = "x".repeat(20_000);
    for (let round = 0; round < 30; round++) {
      for (let number = 0; number < 10; number++) {
        clock.mono += 1000;
        outbox.add(event(`${long}${round}-${number}`), 500);
      }
      await onDisk(`${long}${round}-9`);
    }
    expect(statSync(file).size).toBeLessThan(2_000_000);
    expect(text()).toContain('"first"');
    const restarted = life({ count: 10 });
    expect(restarted.depth).toBe(10);
  });

  it("does not grow in memory while the disk cannot be written: what waits no more is not written when it can be", async () => {
    const { life, event, clock, file, problems, text } = world();
    const outbox = life({ count: 10 });
    mkdirSync(file);
    outbox.add(event("first"), 600_000);
    await eventually(() => problems.at(-1)).toContain("could not be written");
    for (let number = 0; number < 1000; number++) {
      clock.mono += 10;
      outbox.add(event(String(number)), 5);
    }
    rmSync(file, { recursive: true });
    await outbox.close();
    // The boot, the ten that are left, and what is done.
    expect(text().trim().split("\n")).toHaveLength(12);
  });
});
