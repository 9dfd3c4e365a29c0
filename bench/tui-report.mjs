import { pressEvery } from "./buttons.mjs";
import { packageVersion } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";

/** What `run.mjs` prints: the figures of each program, the goals, and a small table of each of the others. */
export function report({ programs, each, others, seconds, topics, rate, size, slow, warmPart }) {
  const names = ["cpu", "shown", "p50", "p95", "max", "bytes", "rss", "growth"];
  const sides = programs.map(({ name }, index) => ({ name, ...mediansOf(each[index], names) }));
  const [own, ingest, made, generator] = sides;
  const stall = mediansOf(others.stalled, ["restGap", "gap", "queued", "back"]);
  const far = mediansOf(others.slow, ["p50", "max", "keys", "queued"]);
  const first = mediansOf(others.first, ["ui", "bin", "node"]);
  const beside = ["without", "with"].map((which) =>
    mediansOf(
      others.agent.flatMap((round) => round[which]),
      ["p50", "p99", "unanswered", "cpu"],
    ),
  );
  const table = (head, ...rows) =>
    [head, head.map((_, at) => (at === 0 ? "---" : "--:")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
  const figures = (...list) => list.map(short);
  return {
    title: `Terminal UI: ${topics.toLocaleString("en")} topics in 1,110 unfolded branches, ${rate.toLocaleString("en")} messages a second, ${seconds} s, ${size.cols}x${size.rows}`,
    columns: ["", "CPU % of a core", "msg/s shown", "key → screen p50 ms", "p95", "slowest", "kB/s to the terminal", "RSS MB", "growth MB"],
    rows: sides.map((side) => [side.name, ...names.map((name) => short(side[name]))]),
    goals: [
      goal("CPU over its baseline, percentage points", own.cpu - ingest.cpu, { most: 3 }),
      goal("the same, messages made in the process", made.cpu - generator.cpu, { most: 3 }),
      goal("key → screen p95, ms", own.p95, { most: 50 }),
      goal("growth of RSS after the histories are full, MB", own.growth, { most: 5 }),
      goal("stalled terminal: longest gap of the event loop, ms", stall.gap, { most: 50 }),
      goal("stalled terminal: most bytes queued, kB", stall.queued, { most: 64 }),
      goal("slow link: key → screen p50, ms", far.p50, { most: 687 }),
      goal("slow link: slowest key, ms", far.max, { most: 1_029 }),
      goal("start → first full screen, ms", first.ui, { most: 250 }),
      goal("button → relay p50 with a terminal ÷ without", beside[1].p50 / beside[0].p50, { most: 1.1 }),
      goal("CPU of the agent with a terminal − without, percentage points", beside[1].cpu - beside[0].cpu, { most: 1 }),
    ],
    notes: [
      `Debian's mosquitto, a publisher of its own, blessed ${packageVersion("blessed")}, the terminal is xterm.js ${packageVersion("@xterm/headless")} behind a pty. Before each figure the rate is twice as high for ` +
        `${seconds * warmPart} s: each topic keeps its last 32 messages, which 60 s are enough for. The baseline receives and keeps the same and shows one line a second.`,
      table(
        [
          "the person's terminal reads nothing",
          "gap of the event loop before, ms",
          "gap meanwhile",
          "queued, kB",
          "first key afterwards, ms",
        ],
        ["pinbus tui", ...figures(stall.restGap, stall.gap, stall.queued, stall.back)],
      ),
      table(
        [
          `${slow.rate / 1000} kB/s, ${slow.delay * 2} ms round trip`,
          "key → screen p50 ms",
          "slowest",
          "keys",
          "most bytes in the link, kB",
        ],
        ["pinbus tui", ...figures(far.p50, far.max, far.keys, far.queued)],
      ),
      table(
        ["from the start", "ms"],
        ["pinbus tui: first full screen, 80x24", ...figures(first.ui)],
        ["pinbus --version, to its end", ...figures(first.bin)],
        ["node -e 0, to its end", ...figures(first.node)],
      ),
      table(
        [`agent with 10 buttons, one pressed each ${pressEvery} ms`, "button → relay p50 ms", "p99", "not answered", "CPU % of a core"],
        ["nobody looks", ...figures(beside[0].p50, beside[0].p99, beside[0].unanswered, beside[0].cpu)],
        ["pinbus tui shows its pins", ...figures(beside[1].p50, beside[1].p99, beside[1].unanswered, beside[1].cpu)],
      ),
    ],
  };
}
