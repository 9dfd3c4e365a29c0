// What the customer's documents say that something does, sentence by sentence: what of pinbus does it, and which tests show it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { classroom } from "./systems/classroom.mjs";
import { competition } from "./systems/competition.mjs";
import { competitionBroker } from "./systems/competition-broker.mjs";
import { course } from "./systems/course.mjs";
import { growTent } from "./systems/grow-tent.mjs";

/** By document. One row: the sentence; the example or the part of pinbus; tests as `[file below test/, words of its name]`, or why there is none. */
export const systems = {
  "000, a competition with a broker of its own": competition,
  "001, a competition where the program is the broker": competitionBroker,
  "002, a grow tent": growTent,
  "003, a class with robots": classroom,
  "004, a course": course,
};

/** Rows whose test is not there, or that have neither a test nor a reason. */
export function unshown(folder) {
  const text = (file) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "");
  return Object.values(systems)
    .flat()
    .flatMap(([sentence, by, ...tests]) => {
      if (tests.length === 0) return by.startsWith("does not apply: ") ? [] : [`${sentence}: no test`];
      return tests.flatMap(([file, name]) =>
        name !== "" && text(file).includes(name) ? [] : [`${sentence}: test/${file} has no ${name}`],
      );
    });
}
