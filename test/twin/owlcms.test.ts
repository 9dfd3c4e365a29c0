import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Owlcms, PassedClock } from "./owlcms.ts";

interface Line {
  /** In ms since the first one. */
  at: number;
  topic: string;
  payload: string;
}

/** What a box says; `clock` is said by owlcms itself only in its simulator. */
const toOwlcms = /^owlcms\/(config|(decision|clock)\/[^/]+|(refbox|jurybox)\/.*)$/;

function recording(name: string): { asked: Line[]; answered: Line[] } {
  const text = readFileSync(new URL(`recordings/${name}`, import.meta.url), "utf8");
  const lines = text.split("\n").flatMap((line): Line[] => {
    const [, time = "", topic = "", payload = ""] = /^(\S+) r0 q[01] ([^=]+)=\[(.*)\]$/.exec(line) ?? [];
    return topic === "" ? [] : [{ at: /^\d+\.\d+$/.test(time) ? Number(time) * 1000 : Date.parse(time), topic, payload }];
  });
  const began = lines[0]?.at ?? 0;
  const all = lines.map((line) => ({ ...line, at: line.at - began }));
  return { asked: all.filter(({ topic }) => toOwlcms.test(topic)), answered: all.filter(({ topic }) => !toOwlcms.test(topic)) };
}

/** What the twin answers to the same words at the same times. */
function played(asked: readonly Line[]): Line[] {
  const clock = new PassedClock();
  const said: Line[] = [];
  const owlcms = new Owlcms({
    platforms: ["A", "B"],
    say: (topic, payload) => said.push({ at: clock.now - 2000, topic, payload }),
    after: (ms, run) => clock.after(ms, run),
  });
  owlcms.start();
  for (const { at, topic, payload } of asked) {
    clock.goTo(at + 2000);
    owlcms.hear(topic, payload);
  }
  clock.goTo(clock.now + 5000);
  return said;
}

const text = ({ topic, payload }: Line) => `${topic}=[${payload}]`;

describe("the twin of owlcms", () => {
  it("answers as owlcms did on its own broker: the same words in the same order, each within 50 ms", () => {
    const { asked, answered } = recording("owlcms-wire.txt");
    const said = played(asked).filter(({ at }) => at >= 0);
    expect(said.map(text)).toEqual(answered.map(text));
    // The first answers of a run took longer.
    for (const [index, { at }] of answered.entries()) if (index > 3) expect(Math.abs(at - (said[index]?.at ?? 0))).toBeLessThan(50);
  });

  it("answers as owlcms did on aedes: on each topic the same words in the same order", () => {
    const { asked, answered } = recording("owlcms-on-aedes-wire.txt");
    const said = played(asked);
    const topics = (lines: readonly Line[]) => [...new Set(lines.map(({ topic }) => topic))].sort();
    expect(topics(said)).toEqual(topics(answered));
    for (const topic of topics(said)) {
      const of = (lines: readonly Line[]) => lines.filter((line) => line.topic === topic).map(text);
      expect(of(said)).toEqual(of(answered));
    }
  });

  it("hears nothing before the end of its flash, and forgets an attempt at a restart", () => {
    const clock = new PassedClock();
    const said: string[] = [];
    const owlcms = new Owlcms({
      platforms: ["A"],
      say: (topic, payload) => said.push(`${topic}=[${payload}]`),
      after: (ms, run) => clock.after(ms, run),
    });
    owlcms.start();
    owlcms.hear("owlcms/config", " ");
    clock.goTo(1000);
    expect(said.map((line) => line.split("/").at(-1))).toEqual(["A=[on]", "A=[on]", "A=[off]", "A=[off]"]);
    owlcms.hear("owlcms/clock/A", "start");
    owlcms.hear("owlcms/refbox/decision/A", "1 good");
    owlcms.hear("owlcms/refbox/decision/A", "2 good");
    owlcms.start();
    clock.goTo(4000);
    expect(said.at(-1)).toBe("owlcms/led/A=[off]");
    expect(said.join()).not.toContain("decisionRequest");
  });
});
