// node bench/run.mjs start|idle|command|profile|outbox|core|broker|edge|hostile|values|tui|all… [--rounds N] [--seconds S] [--load S] [--write]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { requireBuild } from "./compiled.mjs";
import { machineInWords, table, writeIntoReadme } from "./table.mjs";

const benches = ["start", "idle", "command", "profile", "outbox", "core", "broker", "edge", "hostile", "values", "tui"];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "60" },
    load: { type: "string", default: "60" },
    write: { type: "boolean", default: false },
  },
});
const chosen = positionals.includes("all") ? benches : positionals;
const unknown = chosen.find((name) => !benches.includes(name));
if (chosen.length === 0 || unknown) {
  process.stderr.write(`usage: node bench/run.mjs ${benches.join("|")}|all [--rounds N] [--seconds S] [--load S] [--write]\n`);
  process.exit(64);
}
requireBuild();

for (const name of chosen) {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-bench-"));
  try {
    // broker.mjs is the broker of the others.
    const bench = await import(`./${name === "broker" ? "brokers" : name}.mjs`);
    const words = machineInWords();
    const result = await bench.run({
      folder,
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      load: Number(values.load),
      log: (text) => process.stderr.write(`${name}: ${text}\n`),
    });
    const text = table({ ...result, words: `${words} → ${machineInWords({ loadOnly: true })}`, rounds: result.rounds ?? values.rounds });
    process.stdout.write(`${text}\n`);
    if (values.write) writeIntoReadme(name, text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
