import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { brokerVersion } from "./broker.mjs";
import { root } from "./compiled.mjs";
import { short } from "./figures.mjs";

/** What a reader must know about where the figures come from. The load is the machine's, with everything else that runs on it. */
export function machineInWords({ loadOnly = false } = {}) {
  const load = loadavg()[0].toFixed(1);
  if (loadOnly) return load;
  const [cpu] = cpus();
  return `${new Date().toISOString().slice(0, 10)}; ${cpus().length} cores (${cpu?.model.trim() || process.arch}), Linux ${release()}, Node ${process.version}, mosquitto ${brokerVersion()}; load average ${load}`;
}

/** Markdown: the figures, then the goals. */
export function table({ title, columns, rows, goals, notes = [], words, rounds }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = (cells) => line(cells.map((_, index) => (index === 0 ? "---" : "--:")));
  const met = { true: "met", false: "**not met**", null: "no figure" };
  return [
    `### ${title}`,
    "",
    `${words}; medians of ${rounds} rounds.`,
    "",
    line(columns),
    rule(columns),
    ...rows.map(line),
    "",
    ...(goals.length > 0
      ? [
          line(["goal", "limit", "here", ""]),
          rule(["", "", "", ""]),
          ...goals.map(({ what, limit, figure, met: is }) => line([what, limit, short(figure), met[String(is)]])),
          "",
        ]
      : []),
    ...notes.flatMap((note) => [note, ""]),
  ].join("\n");
}

/** Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->` in README.md beside this file. */
export function writeIntoReadme(name, text) {
  const file = join(root, "bench/README.md");
  const page = readFileSync(file, "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`bench/README.md has no place for ${name}: ${begin} … ${end}`);
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n\n${text}\n${page.slice(to)}`);
}
