import { describe, expect, it } from "vitest";
import type { LinkProblem } from "../../../agent/shell/link-problems.ts";
import { Twin } from "../../../agent/shell/link-twin.ts";

const sentence = "the broker closed the connection";
const silent: LinkProblem = { sentence, retry: "backoff", silent: true };
const refused: LinkProblem = { sentence: "nobody listens", retry: "backoff", absent: true };
const unanswered: LinkProblem = { sentence: "closed without an answer", retry: "maybe-other-version" };
const overloaded: LinkProblem = { sentence: "the broker says that it is busy", retry: "backoff" };

interface Life {
  /** How long it was in order, ms. */
  lasted?: number;
  /** How long nothing was said before its end. */
  quiet?: number;
  /** The end, and the attempts behind it that failed. */
  ends?: readonly LinkProblem[];
}

/** Whether another client is suspected at the last of these ends, one life after the other, a second between them. */
function suspected(lives: readonly Life[]): boolean {
  const twin = new Twin("box");
  let now = 0;
  let told: LinkProblem = silent;
  for (const { lasted = 3_000, quiet = 0, ends = [silent] } of lives) {
    const openAt = now;
    now += lasted;
    for (const [index, problem] of ends.entries()) {
      const judged = twin.judge(problem, { now, saidAt: now - quiet, openAt: index === 0 ? openAt : Number.POSITIVE_INFINITY });
      if (index === 0) told = judged;
      now += 1_000;
    }
  }
  return told.retry === "slow" && told.sentence.includes("is another client with the id box there?");
}

const times = (count: number, life: Life = {}) => Array.from({ length: count }, () => life);

describe("another client with the same id", () => {
  it.each<[name: string, lives: readonly Life[]]>([
    ["ends each connection within seconds", times(5)],
    ["comes back after a minute", times(5, { lasted: 61_000 })],
    ["ends one before the broker has answered, now and then", times(5, { ends: [silent, unanswered] })],
    ["comes while the broker was away once", [...times(2), { ends: [silent, refused, refused] }, ...times(3)]],
  ])("is suspected when it %s", (_name, lives) => expect(suspected(lives)).toBe(true));

  it.each<[name: string, lives: readonly Life[]]>([
    ["ends four connections", times(4)],
    ["dies five times and is away for a while", times(6, { ends: [silent, refused] })],
    ["dies each time and is away for longer", times(10, { ends: [silent, refused, refused, refused] })],
    ["dies five times in ten minutes and is back at once", times(5, { lasted: 122_000 })],
    ["dies once in two minutes", times(20, { lasted: 121_000 })],
    ["ends connections on which nothing was said", times(10, { lasted: 25_000, quiet: 25_000 })],
    ["says why", times(10, { ends: [overloaded] })],
  ])("is not suspected of a broker that %s", (_name, lives) => expect(suspected(lives)).toBe(false));
});
