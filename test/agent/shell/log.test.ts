import { Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLog, type LogOptions } from "../../../agent/shell/log.ts";
import { anyText } from "../core/fixture.ts";

function written(options: Partial<LogOptions>, say: (log: ReturnType<typeof createLog>) => void): string {
  let text = "";
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  say(createLog({ level: "debug", secrets: [], stream, ...options }));
  return text;
}

describe("the log for people", () => {
  it("has a line for each entry, with the time and a mark for what is not info", () => {
    const text = written({}, (log) => {
      log.info("lamp on: rule porch-lamp");
      log.warn("the broker is away");
    });
    expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} lamp on: rule porch-lamp\n\d\d:\d\d:\d\d\.\d{3} warn: the broker is away\n$/);
  });

  it("takes another level while it runs", () => {
    const text = written({ level: "info" }, (log) => {
      log.debug("before");
      log.setLevel("debug");
      log.debug("after");
    });
    expect(text).toMatch(/^\S+ debug: after\n$/);
  });

  it("has nothing below its level", () => {
    const text = written({ level: "warn" }, (log) => {
      log.info("no");
      log.debug("no");
      log.error("yes");
    });
    expect(text.split("\n")).toHaveLength(2);
  });

  it("never has a secret, wherever in a message it stands", () => {
    const secrets = ["hunter2", "hunter2-and-more", "p\tss", ""];
    const text = written({ secrets }, (log) => {
      for (const secret of secrets) log.error(`connect mqtt://pi:${secret}@host failed: ${secret}${secret}`);
    });
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("and-more");
    expect(text).not.toMatch(/p.ss/);
    expect(text).toContain("mqtt://pi:***@host failed: ******");
  });

  it("never has a secret that came later, and still none of the others", () => {
    const text = written({ secrets: ["hunter2"] }, (log) => {
      log.hide(["hunter2-and-more", "", "hunter3"]);
      log.info("hunter2 hunter3 hunter2-and-more");
    });
    expect(text).toMatch(/ \*{3} \*{3} \*{3}\n$/);
  });

  it("is not blanked by an empty secret", () => {
    expect(written({ secrets: [""] }, (log) => log.info("plain"))).toMatch(/ plain\n$/);
  });

  it("any text: one line, no control character", () => {
    fc.assert(
      fc.property(anyText, (message) => {
        const text = written({}, (log) => log.error(message));
        expect(text.endsWith("\n")).toBe(true);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not appear
        expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
      { numRuns: 50 },
    );
  });
});

describe("the log for the journal", () => {
  it("has priorities and own fields, cleaned like the message", () => {
    const entries: unknown[] = [];
    const log = createLog({ level: "debug", secrets: ["hunter2"], journal: (entry) => entries.push(entry) });
    log.error("broken\u001b[31m", { output: "lamp", cause: "mqtt hunter2", missing: undefined, nothing: null, "bad name": "x" });
    log.debug("fine");
    expect(entries).toEqual([
      { message: "broken\ufffd[31m", priority: 3, fields: { PINBUS_OUTPUT: "lamp", PINBUS_CAUSE: "mqtt ***" } },
      { message: "fine", priority: 7, fields: {} },
    ]);
  });
});
