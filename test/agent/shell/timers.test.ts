import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Clock, systemClock } from "../../../agent/shell/clock.ts";
import { Timers } from "../../../agent/shell/timers.ts";

const maxTimeout = 0x7fffffff;

describe("timers, in faked time", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const fakeClock: Clock = { now: () => performance.now(), wall: () => 0 };
  const start = () => performance.now();

  function recorded() {
    const due: [string, number][] = [];
    const timers = new Timers<string>(fakeClock, (key, at) => due.push([key, at]));
    return { due, timers, keys: () => due.map(([key]) => key) };
  }

  it("come up in the order of their times, and in the order of starting at the same time", () => {
    const { timers, keys } = recorded();
    const now = start();
    for (const [key, at] of [
      ["c", 30],
      ["a", 10],
      ["b", 20],
      ["d", 30],
    ] as const)
      timers.start(key, now + at);
    vi.advanceTimersByTime(100);
    expect(keys()).toEqual(["a", "b", "c", "d"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("starting a key again replaces it, earlier or later", () => {
    const { timers, due } = recorded();
    const now = start();
    timers.start("a", now + 10);
    timers.start("a", now + 50);
    timers.start("b", now + 50);
    timers.start("b", now + 5);
    vi.advanceTimersByTime(100);
    expect(due).toEqual([
      ["b", now + 5],
      ["a", now + 50],
    ]);
  });

  it("a key that is put off again and again comes up once, behind those that were started before it", () => {
    const { timers, due } = recorded();
    const now = start();
    timers.start("a", now + 10);
    timers.start("b", now + 40);
    for (const later of [20, 30, 40]) timers.start("a", now + later);
    vi.advanceTimersByTime(39);
    expect(due).toEqual([]);
    vi.advanceTimersByTime(10);
    expect(due).toEqual([
      ["b", now + 40],
      ["a", now + 40],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("a stopped key does not come up, and nothing is left on the clock", () => {
    const { timers, due } = recorded();
    timers.start("a", start() + 10);
    timers.stop("a");
    timers.stop("never started");
    vi.advanceTimersByTime(100);
    expect(due).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("know how late the latest came since they were asked", () => {
    let now = 1000;
    const timers = new Timers<string>({ now: () => now, wall: () => 0 }, () => undefined);
    timers.start("a", now + 10);
    // The loop was busy for 40 ms.
    now += 50;
    vi.advanceTimersByTime(10);
    expect(timers.takeLag()).toBe(40);
    expect(timers.takeLag()).toBe(0);
    // What is due already when it is started is not late.
    timers.start("b", now - 500);
    now += 1;
    vi.advanceTimersByTime(1);
    expect(timers.takeLag()).toBe(0);
  });

  it("a key stopped by another one that is due at the same time does not come up", () => {
    const due: string[] = [];
    const timers: Timers<string> = new Timers<string>(fakeClock, (key) => {
      due.push(key);
      timers.stop("b");
    });
    const at = start() + 10;
    for (const key of ["a", "b", "c"]) timers.start(key, at);
    vi.advanceTimersByTime(100);
    expect(due).toEqual(["a", "c"]);
  });

  it("a key may be started again while it comes up", () => {
    const due: number[] = [];
    const now = start();
    const timers: Timers<string> = new Timers<string>(fakeClock, (_, at) => {
      due.push(at - now);
      if (due.length < 4) timers.start("a", at + 10);
    });
    timers.start("a", now + 10);
    vi.advanceTimersByTime(1000);
    expect(due).toEqual([10, 20, 30, 40]);
  });

  it("a time in the past comes up at once", () => {
    const { timers, keys } = recorded();
    timers.start("a", start() - 1000);
    vi.advanceTimersByTime(2);
    expect(keys()).toEqual(["a"]);
  });

  it("a time further away than one setTimeout reaches neither fires at once nor is lost", () => {
    const { timers, keys } = recorded();
    timers.start("month", start() + 30 * 86_400_000);
    vi.advanceTimersByTime(1000);
    expect(keys()).toEqual([]);
    vi.advanceTimersByTime(maxTimeout);
    expect(keys()).toEqual([]);
    vi.advanceTimersByTime(30 * 86_400_000);
    expect(keys()).toEqual(["month"]);
  });

  it("a key that is started again 300,000 times costs no memory", () => {
    const { timers, due } = recorded();
    const before = process.memoryUsage().heapUsed;
    const now = start();
    for (let count = 0; count < 300_000; count++) timers.start(`key ${count % 3}`, now + 1000 + (count % 7));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(30e6);
    vi.advanceTimersByTime(2000);
    expect(due).toHaveLength(3);
  });

  it("any starts and stops: exactly the newest deadline of each key, in order", () => {
    const step = fc.record({ key: fc.constantFrom(..."abcdefgh"), at: fc.nat(50), stop: fc.boolean(), wait: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { timers, due } = recorded();
        const expected = new Map<string, number>();
        const happened: [string, number][] = [];
        // Deadlines fall on tens of ms; they are looked at in between, when all that belongs to them has been done.
        const now = start();
        vi.advanceTimersByTime(5);
        const settle = () => {
          const passed = [...expected].filter(([, at]) => at <= performance.now());
          for (const [key] of passed) expected.delete(key);
          happened.push(...passed.sort((a, b) => a[1] - b[1]));
        };
        for (const { key, at, stop, wait } of steps) {
          if (stop) timers.stop(key);
          else timers.start(key, now + 10 * at);
          expected.delete(key);
          if (!stop) expected.set(key, now + 10 * at);
          // What was already late when it was started comes up with the next turn of the loop.
          vi.advanceTimersByTime(10 * wait + 10);
          settle();
        }
        vi.advanceTimersByTime(1000);
        settle();
        expect(due.map(([key]) => key).sort()).toEqual(happened.map(([key]) => key).sort());
        expect(new Map(due)).toEqual(new Map(happened));
        timers.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe("timers, in real time", () => {
  it("never come up before their time", async () => {
    const early: number[] = [];
    let left = 20;
    await new Promise<void>((resolve) => {
      const timers = new Timers<string>(systemClock, (_, at) => {
        if (systemClock.now() < at) early.push(at - systemClock.now());
        if (--left === 0) resolve();
      });
      for (let index = 0; index < 20; index++) timers.start(`key ${index}`, systemClock.now() + index * 1.37);
    });
    expect(early).toEqual([]);
  });

  /** Two ends of a connection: what one has sent is in the kernel when `send` returns, as an edge is. */
  async function wire(received: () => void): Promise<{ send(): void; end(): void }> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const near = connect((server.address() as { port: number }).port, "127.0.0.1");
    const [far] = (await once(server, "connection")) as [Socket];
    near.on("data", received);
    return {
      send: () => far.write("edge"),
      end() {
        near.destroy();
        far.destroy();
        server.close();
      },
    };
  }

  function busy(ms: number): void {
    const until = systemClock.now() + ms;
    while (systemClock.now() < until);
  }

  it("let the edges that waited behind a busy loop go first", async () => {
    const order: string[] = [];
    const { send, end } = await wire(() => order.push("edge"));
    await new Promise<void>((resolve) => {
      const timers = new Timers<string>(systemClock, () => {
        order.push("deadline");
        resolve();
      });
      timers.start("deadline", systemClock.now() + 5);
      send();
      busy(30);
    });
    end();
    expect(order).toEqual(["edge", "deadline"]);
  });

  it.each([
    ["the same moment", 5],
    ["a moment later", 20],
  ])("let the edges go first that came while another deadline of %s was busy", async (_, later) => {
    const order: string[] = [];
    const { send, end } = await wire(() => order.push("edge"));
    await new Promise<void>((resolve) => {
      const timers = new Timers<string>(systemClock, (key) => {
        order.push(key);
        if (key === "hold") return resolve();
        send();
        busy(30);
      });
      const now = systemClock.now();
      timers.start("settle", now + 5);
      timers.start("hold", now + later);
    });
    end();
    expect(order).toEqual(["settle", "edge", "hold"]);
  });
});
