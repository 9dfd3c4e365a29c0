import { setTimeout as wait } from "node:timers/promises";
import { describeLine } from "../../gpio/board.ts";
import type { Driver, OutputHandle } from "../../gpio/driver.ts";
import { LineError } from "../../gpio/errors.ts";
import { monotonicNs } from "../../gpio/monotonic.ts";
import { Bench, until } from "./bench.ts";
import type { Pair } from "./pair.ts";

/** `seen` = a figure without a right or wrong; `unchecked` = it could not be measured here. */
export type Result = "ok" | "not ok" | "seen" | "unchecked";

/** One line of the table. */
export interface Row {
  what: string;
  result: Result;
  detail: string;
}

type Measured = Omit<Row, "what">;
const ok = (detail: string): Measured => ({ result: "ok", detail });
const wrong = (detail: string): Measured => ({ result: "not ok", detail });
const judged = (good: boolean, detail: string): Measured => (good ? ok : wrong)(detail);

/** A measurement that the others need: when it fails, nothing more is driven. */
const gates = new Set(["nobody drives the wire", "the wire"]);

/** Long enough for a pull of 50 kΩ and a metre of wire, many times over. */
const settle = 5;
const toggles = 100;
/** Below what the kernel keeps for a program that does not read. */
const burst = 500;
const debounceMs = 20;
const pulseMs = 100;

/** In this order; the first ones drive nothing. */
const measurements: readonly (readonly [string, (bench: Bench, pair: Pair) => Promise<Measured> | Measured])[] = [
  ["nobody drives the wire", pulls],
  ["the wire", follows],
  ["levels from the first moment", initial],
  ["active low", activeLow],
  ["edges", edges],
  ["a burst of edges", many],
  ["one kind of edge", oneKind],
  ["debounce of the line", debounced],
  [`a pulse of ${pulseMs} ms`, pulse],
  ["a line that is held", held],
  ["after the program has let go", released],
  ["PWM", () => ({ result: "unchecked", detail: "not measured here" })],
];

/** Drives the one line and reads the other one; tells each row as soon as it is known. Leaves both as inputs, whatever happens. */
export async function* measure(driver: Driver, pair: Pair): AsyncGenerator<Row> {
  const bench = new Bench(driver, pair);
  try {
    for (const [what, run] of measurements) {
      const measured = await attempted(() => run(bench, pair));
      bench.close();
      yield { what, ...measured };
      if (measured.result === "not ok" && gates.has(what)) return;
    }
  } finally {
    bench.leave();
  }
}

function noPulls({ driver }: Bench): Measured {
  return { result: "unchecked", detail: `the driver ${driver.name} sets no pulls` };
}

async function attempted(run: () => Promise<Measured> | Measured): Promise<Measured> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof LineError) return wrong(error.message);
    throw error;
  }
}

/** Before anything is driven: both lines listen, and the pull of one decides, unless something else is on the wire. */
async function pulls(bench: Bench): Promise<Measured> {
  if (!bench.driver.capabilities.bias) return noPulls(bench);
  bench.rest();
  for (const [bias, active] of [
    ["pull-up", true],
    ["pull-down", false],
  ] as const) {
    const line = bench.listen({ bias });
    await wait(settle);
    const level = line.read();
    line.close();
    if (level !== active)
      return wrong(`the line stays ${level ? "high" : "low"} with a ${bias}: something else is on it; nothing was driven`);
  }
  return ok("the line follows its pull-up and its pull-down");
}

async function follows(bench: Bench, pair: Pair): Promise<Measured> {
  const out = bench.drive(false);
  // Against the pull: only a driven line can win.
  const line = bench.listen({ bias: "pull-up" });
  for (const level of [false, true, false]) {
    out.write(level);
    if (!(await until(() => line.read() === level)))
      return wrong(`${describeLine(pair.in)} does not follow ${describeLine(pair.out)}: check the wire, and that it is on these two pins`);
  }
  return ok(`${describeLine(pair.in)} follows ${describeLine(pair.out)}`);
}

/** An output is requested with its level; the other one must never show on the wire, which a pull keeps high until then. */
async function initial(bench: Bench): Promise<Measured> {
  if (!bench.driver.capabilities.bias) return noPulls(bench);
  const rest = bench.rest();
  const line = bench.listen({ bias: "pull-up" });
  await wait(settle);
  const before = line.edges.length;
  rest.close();
  bench.drive(true);
  await wait(settle);
  const between = line.edges.length - before;
  return judged(line.read() && between === 0, `requested high on a wire that is high: ${line.read() ? "high" : "low"}, ${between} edges`);
}

async function activeLow(bench: Bench): Promise<Measured> {
  bench.drive(false);
  const line = bench.listen({ active: "low" });
  await wait(settle);
  return judged(line.read(), `low on the wire is ${line.read() ? "active" : "inactive"}`);
}

/** Each write makes one edge, in its order, with a time of the kernel just behind it. */
async function edges(bench: Bench): Promise<Measured> {
  const out = bench.drive(false);
  const line = bench.listen();
  const written: number[] = [];
  for (let index = 0; index < toggles; index++) {
    written.push(monotonicNs());
    out.write(index % 2 === 0);
    await until(() => line.edges.length > index);
  }
  const delays = line.edges.map(({ atNs }, index) => (atNs - (written[index] ?? 0)) / 1000).sort((a, b) => a - b);
  const inOrder = line.edges.every(({ edge, seqno }, index) => edge === (index % 2 === 0 ? "rising" : "falling") && seqno === index + 1);
  const at = (share: number) => (delays[Math.floor((delays.length - 1) * share)] ?? 0).toFixed(0);
  const isSound = line.edges.length === toggles && inOrder && (delays[0] ?? -1) >= 0;
  const times = bench.driver.capabilities.kernelTime ? "kernel's time after the write" : "time after the write, as it was read";
  return judged(
    isSound,
    `${line.edges.length} of ${toggles} in order; ${times}: ${at(0)} µs at least, ${at(0.5)} mostly, ${at(1)} at most`,
  );
}

async function many(bench: Bench): Promise<Measured> {
  const out = bench.drive(false);
  const line = bench.listen();
  const began = monotonicNs();
  for (let index = 0; index < burst; index++) out.write(index % 2 === 0);
  const rate = Math.round(burst / ((monotonicNs() - began) / 1e9));
  const known = () => line.edges.length + line.lost;
  await until(() => known() >= burst);
  const detail = `${burst} edges at ${rate} a second: ${line.edges.length} seen, ${line.lost} told to be lost`;
  // The kernel's interrupt may merge what is too fast; who cannot number edges cannot tell.
  if (!bench.driver.capabilities.seqno) return { result: "seen", detail };
  return judged(line.read() === false && line.edges.at(-1)?.edge === "falling" && known() <= burst, detail);
}

async function oneKind(bench: Bench): Promise<Measured> {
  const out = bench.drive(false);
  const line = bench.listen({ edges: "rising" });
  for (let index = 0; index < 10; index++) {
    out.write(index % 2 === 0);
    await wait(settle);
  }
  await until(() => line.edges.length >= 5);
  return judged(
    line.edges.length === 5 && line.edges.every(({ edge }) => edge === "rising"),
    `${line.edges.length} of 5 rising edges, no other`,
  );
}

async function debounced(bench: Bench): Promise<Measured> {
  const { name, capabilities } = bench.driver;
  if (!capabilities.debounce) return { result: "unchecked", detail: `the driver ${name} leaves it to pinbus` };
  const out = bench.drive(false);
  const line = bench.listen({ debounceMs });
  const length = spike(out);
  await wait(3 * debounceMs);
  const short = line.edges.length;
  const began = monotonicNs();
  out.write(true);
  await until(() => line.edges.length > short);
  const held = ((line.edges.at(-1)?.atNs ?? began) - began) / 1e6;
  const detail = `${debounceMs} ms: a pulse of ${length.toFixed(1)} ms gave ${short} edges, a lasting level ${line.edges.length - short} after ${held.toFixed(1)} ms`;
  return judged(short === 0 && line.edges.length === 1 && held >= debounceMs * 0.9 && held < debounceMs + 20, detail);
}

/** Without a timer, which a busy machine makes late. Returns its length, ms. */
function spike(out: OutputHandle): number {
  const began = monotonicNs();
  out.write(true);
  while (monotonicNs() - began < settle * 1e6);
  out.write(false);
  return (monotonicNs() - began) / 1e6;
}

/** However late the timer is: what the edges say is what was done. */
async function pulse(bench: Bench): Promise<Measured> {
  const out = bench.drive(false);
  const line = bench.listen();
  const began = monotonicNs();
  out.write(true);
  await wait(pulseMs);
  out.write(false);
  const done = (monotonicNs() - began) / 1e6;
  await until(() => line.edges.length >= 2);
  const [from, to] = line.edges;
  const length = from && to ? (to.atNs - from.atNs) / 1e6 : Number.NaN;
  return judged(
    Math.abs(length - done) < 5,
    `${length.toFixed(2)} ms on the wire by its edges, ${done.toFixed(2)} by the clock of the program`,
  );
}

function held(bench: Bench): Measured {
  bench.drive(false);
  try {
    bench.drive(true);
  } catch (error) {
    if (error instanceof LineError && error.code === "busy") return ok(`a second request is refused: ${error.message}`);
    throw error;
  }
  return wrong("the line was given twice");
}

/** What `on_exit` and `on_crash` come to: whether the chip goes on driving a line that nobody holds. */
async function released(bench: Bench): Promise<Measured> {
  const stays = async (level: boolean) => {
    bench.drive(level).close();
    const line = bench.listen({ bias: level ? "pull-down" : "pull-up" });
    await wait(20 * settle);
    const now = line.read();
    line.close();
    return now === level;
  };
  if (!bench.driver.capabilities.bias) return noPulls(bench);
  const [high, low] = [await stays(true), await stays(false)];
  const word = (level: string, kept: boolean) => `${level} ${kept ? "stays" : "goes where the pull is"}`;
  return { result: "seen", detail: `${word("high", high)}, ${word("low", low)}` };
}
