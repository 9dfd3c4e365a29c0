import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { compiled, root } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";

const machine = join(root, "test/machine/machine");
const environment = { ...process.env, PINBUS_MACHINE_NAME: process.env.PINBUS_MACHINE_NAME ?? "bench" };

/** Kernel edge → output written, on kernel lines in the test machine; and how many edges a second nobody loses. */
export async function run({ rounds, log }) {
  compiled("edge");
  const control = (...args) => execFileSync(machine, args, { cwd: root, env: environment, stdio: ["ignore", "inherit", "inherit"] });
  control("build");
  control("start");
  try {
    return report(JSON.parse(await inside(rounds, log)));
  } finally {
    control("stop");
  }
}

async function inside(rounds, log) {
  const child = spawn(machine, ["run", "--", "node", "bench/edge-inside.mjs", String(rounds)], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    // A machine whose kernel has stopped answers nothing more.
    timeout: 900_000,
  });
  let output = "";
  child.stdout.on("data", (bytes) => {
    output += bytes;
  });
  child.stderr.on("data", (bytes) => log(String(bytes).trimEnd()));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the part inside the test machine ended with ${code}`);
  return output;
}

function report({ kernel, sides, floods, presses, pause }) {
  const names = ["p50", "p99", "slowest"];
  const [c, own] = sides.map(({ rounds }) => mediansOf(rounds, names));
  const unanswered = sides.map(({ rounds }) => rounds.reduce((sum, round) => sum + round.missing, 0));
  // Up to the first rate with a loss; edges a second that were really delivered.
  const most = (at) => {
    const first = floods.findIndex(({ lost }) => lost[at] > 0);
    const good = first < 0 ? floods : floods.slice(0, first);
    return Math.max(0, ...good.map(({ rate, edges, seen }) => (rate[at] * seen[at]) / edges[at]));
  };
  const row = (name, figures, missing) => [name, ...names.map((figure) => short(figures[figure])), String(missing)];
  const flood = ({ rate, edges, seen, lost }) => [0, 1].flatMap((at) => [rate[at], lost[at], edges[at] - seen[at] - lost[at]]).map(short);
  return {
    title: "Edge: kernel edge → output written, on kernel lines in the test machine",
    columns: ["µs", "p50", "p99", "slowest", "not answered"],
    rows: [
      row("C: poll + ioctl", c, unanswered[0]),
      row("pinbus, chardev, debounce 0, one rule each way, broker connected", own, unanswered[1]),
      row("ratio", Object.fromEntries(names.map((name) => [name, own[name] / c[name]])), ""),
    ],
    goals: [
      goal("p50 ÷ C", own.p50 / c.p50, { most: 2 }),
      goal("p99 ÷ C", own.p99 / c.p99, { most: 4 }),
      goal("edges a second on a kernel line without a loss", most(1), { least: 20_000 }),
    ],
    notes: [
      `One round: ${presses} edges for each program in turn, the next one ${pause} ms after the lamp followed; both run all the time. Both moments come from the kernel's own trace (the interrupt of the ` +
        `input, the write of the output), the same for both programs. Guest kernel ${kernel}, emulated processor: compare rows, not with a Raspberry Pi.`,
      [
        "| C: edges/s on one line | lost | merged | pinbus: edges/s on one line | lost | merged |",
        "| --: | --: | --: | --: | --: | --: |",
        ...floods.map((one) => `| ${flood(one).join(" | ")} |`),
      ].join("\n"),
      "Lost = numbered by the kernel and dropped in its buffer of 1,024, seen as a gap of seqno. Merged = came closer together than the interrupt and never got a number; " +
        "no program can see those. pinbus counts with its default debounce of 20 ms. " +
        `Before its first loss and after merging, C saw ${short(most(0))} edges a second here, pinbus ${short(most(1))}.`,
    ],
  };
}
