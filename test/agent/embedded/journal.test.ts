import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { Journal } from "../../../agent/embedded/journal.ts";
import { checkedLine, readChecked } from "../../../agent/shell/checked-line.ts";
import { keptLog, tempFolder } from "../shell/fixture.ts";

/** A journal whose new file has `snapshot`, and takes some time. */
function make(snapshot: (journal: Journal) => Iterable<object>, before = "") {
  const file = `${tempFolder()}/broker.jsonl`;
  if (before !== "") writeFileSync(file, before);
  const problems: (string | null)[] = [];
  const onProblem = (problem: string | null) => void problems.push(problem);
  const journal: Journal = new Journal({ file, log: keptLog(), snapshot: () => snapshot(journal), onProblem });
  onTestFinished(() => journal.close());
  const add = (record: object) => new Promise<void>((resolve) => journal.add(record, resolve));
  const names = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line) => (readChecked(line) as { name?: string } | undefined)?.name ?? []);
  return { journal, add, names, problems };
}

describe("the journal of the store", () => {
  it("has in its new file what came while that was written, behind the rest", async () => {
    let late = 0;
    const { journal, add, names } = make(function* (to) {
      for (let number = 0; number < 3000; number++) {
        if (number % 1000 === 0) to.add({ name: `late ${late++}` });
        yield { filler: "x".repeat(300) };
      }
      yield { name: "whole" };
    });
    await journal.load(() => true);
    // So much that the file is written anew.
    for (let number = 0; number < 1100; number++) journal.add({ filler: "x".repeat(1000) });
    await add({ name: "in the snapshot, or not" });
    await journal.close();
    expect(late).toBe(3);
    expect(names()).toEqual(["whole", "late 0", "late 1", "late 2"]);
  });

  it("takes a record that is larger than what may wait for the disk", async () => {
    const { add, names, problems } = make(function* () {});
    await Promise.all([add({ name: "large", filler: "x".repeat(12_000_000) }), add({ name: "small" })]);
    expect(names()).toEqual(["large", "small"]);
    expect(problems).toEqual([]);
  });

  it("goes on behind a torn line in a line of its own", async () => {
    const torn = `${checkedLine({ name: "first" })}${checkedLine({ name: "torn" }).slice(0, 20)}`;
    const { journal, add, names } = make(function* () {
      for (let number = 0; number < 20_000; number++) yield { filler: "x".repeat(1000) };
    }, torn);
    await journal.load(() => true);
    await add({ name: "second" });
    // The file that it had, or the new one already: no moment without the record.
    expect(names()).toContain("second");
  });
});
