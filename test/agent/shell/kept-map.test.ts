import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { KeptMap } from "../../../agent/shell/kept-map.ts";
import { silent, tempFolder } from "./fixture.ts";

it("writes what is set at once in one go", async () => {
  let written = 0;
  const value = {
    toJSON() {
      written += 1;
      return 1;
    },
  };
  const map = new KeptMap({ file: join(tempFolder(), "kept.json"), log: silent, read: () => value, unread: String, lost: "nothing" });
  map.set("first", value);
  void map.write();
  map.set("second", value);
  await map.write();
  expect(written).toBe(2);
});

it("writes into a folder that could not be made at the start", async () => {
  const folder = join(tempFolder(), "state");
  writeFileSync(folder, "in the way");
  const file = join(folder, "kept.json");
  const map = new KeptMap({ file, log: silent, read: (_id, value) => value, unread: String, lost: "nothing" });
  map.load();
  rmSync(folder);
  map.set("first", 1);
  await map.write();
  expect(readFileSync(file, "utf8")).toBe('{"first":1}\n');
});

it("loses nothing that is written at once beside a write in the background", async () => {
  const file = join(tempFolder(), "kept.json");
  const problems: (string | null)[] = [];
  const onProblem = (problem: string | null) => problems.push(problem);
  const map = new KeptMap({ file, log: silent, read: (_id, value) => value, unread: String, lost: "nothing", onProblem });
  for (let turns = 0; turns < 20; turns++) {
    map.set("first", turns);
    void map.write();
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    map.set("second", turns);
    map.writeUnsynced();
    await map.write();
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ first: turns, second: turns });
  }
  expect(problems).toEqual([]);
});
