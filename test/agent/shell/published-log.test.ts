import { afterEach, describe, expect, it, vi } from "vitest";
import type { Link, Publication } from "../../../agent/shell/link.ts";
import { createLog, type LogEntry, type LogLevel } from "../../../agent/shell/log.ts";
import { PublishedLog, type PublishedLogOptions } from "../../../agent/shell/published-log.ts";

function world(level: ReturnType<PublishedLogOptions["level"]> = "info") {
  vi.useFakeTimers();
  const sent: Publication[] = [];
  const link = { online: true, said: () => {} };
  const published = new PublishedLog({
    link: () => ({
      view: { online: link.online } as Link["view"],
      publish(publication) {
        link.said();
        return sent.push(publication) > 0;
      },
    }),
    topic: (name) => `pinbus/garage/log/${name}`,
    level: () => level,
    now: () => Date.now(),
  });
  const entry = (name: LogLevel, message: string, fields = {}): LogEntry => ({ at: 1_800_000_000_000, level: name, message, fields });
  const said = () => sent.map(({ topic, payload }) => `${topic.split("/").at(-1)} ${JSON.parse(String(payload)).message}`);
  return { published, sent, said, link, entry };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the log on the bus", () => {
  it("publishes an entry with its fields, not retained, at QoS 0", () => {
    const { published, sent, entry } = world();
    published.take(entry("warn", "lamp: refused a command", { output: "lamp", reason: "stale", level: "no", ts: "no" }));
    expect(sent).toEqual([
      {
        kind: "telemetry",
        topic: "pinbus/garage/log/warn",
        qos: 0,
        retain: false,
        payload: '{"ts":"2027-01-15T08:00:00.000Z","level":"warn","message":"lamp: refused a command","output":"lamp","reason":"stale"}',
      },
    ]);
  });

  it("has what is asked for, and never debug", () => {
    const levels: LogLevel[] = ["error", "warn", "info", "debug"];
    for (const [level, expected] of [
      ["off", []],
      ["error", ["error"]],
      ["warn", ["error", "warn"]],
      ["info", ["error", "warn", "info"]],
    ] as const) {
      const { published, said, entry } = world(level);
      for (const name of levels) published.take(entry(name, "x"));
      expect(said()).toEqual(expected.map((name) => `${name} x`));
    }
  });

  it("leaves out what comes too fast, of each level for itself, and says how much", () => {
    const { published, said, entry } = world();
    for (let count = 0; count < 500; count++) published.take(entry("warn", "noise"));
    published.take(entry("error", "the pump is stuck"));
    expect(said()).toEqual([...Array(10).fill("warn noise"), "error the pump is stuck"]);
    vi.advanceTimersByTime(2000);
    expect(said().slice(11)).toEqual(["warn 490 entries left out; the log of the machine has all of them"]);
    vi.advanceTimersByTime(60_000);
    expect(said()).toHaveLength(12);
  });

  it("keeps the newest twenty while the broker is away", () => {
    const { published, said, entry, link } = world();
    link.online = false;
    for (let count = 0; count < 100; count++) published.take(entry(count % 2 === 0 ? "warn" : "error", String(count)));
    expect(said()).toEqual([]);
    link.online = true;
    published.online();
    expect(said()).toEqual(Array.from({ length: 20 }, (_, index) => `${index % 2 === 0 ? "warn" : "error"} ${80 + index}`));
    vi.advanceTimersByTime(2000);
    expect(said().slice(20)).toEqual(
      ["warn", "error"].map((level) => `${level} 40 entries left out; the log of the machine has all of them`),
    );
  });

  it("says what was left out only to a broker that is there", () => {
    const { published, said, entry, link } = world();
    for (let count = 0; count < 12; count++) published.take(entry("warn", "noise"));
    link.online = false;
    vi.advanceTimersByTime(60_000);
    expect(said()).toHaveLength(10);
    link.online = true;
    published.online();
    vi.advanceTimersByTime(2000);
    expect(said().slice(10)).toEqual(["warn 2 entries left out; the log of the machine has all of them"]);
  });

  it("never tells what publishing says, so that it ends", () => {
    const { published, said, link } = world();
    const log = createLog({ level: "info", secrets: [], journal: () => {} });
    log.tell((entry) => published.take(entry));
    link.said = () => {
      log.warn("publishing failed");
      log.local.warn("the connection was lost");
    };
    log.warn("lamp: refused a command");
    log.local.warn("the broker is away");
    expect(said()).toEqual(["warn lamp: refused a command"]);
    expect(log.tail.map(({ message }) => message)).toHaveLength(4);
  });
});
