// Inside the machine: hand.js <script as JSON>. A hand that presses, bounces and turns, on time, and says what it really did.
import { closeSync, openSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { pause } from "./cases.ts";
import { run } from "./commands.ts";
import { handedOut } from "./recorder.ts";

/** A level that one line of the header gets from outside, so long after the one before. */
export type Move = readonly [gpio: number, to: "up" | "down", afterUs: number];
/** Moves, done so many times. */
export interface Script {
  moves: readonly Move[];
  times: number;
  /** Whether each move waits until the kernel has handed out the edge of the one before: closer ones may merge before they get a number. */
  paced?: boolean;
  /** Whether only the kernel's own threads may run before it: for a short one, since it takes a processor of the machine whole. */
  urgent?: boolean;
}

/** What was really done. */
export interface Done {
  edges: number;
  /** ms from the first to the last move. */
  took: number;
  /** By how many ms the latest move, or its edge when it waits for that, was later than its script says; a move is never too early. */
  latest: number;
}

/** A contact with a pull-up that closes or opens: one edge, and `bounces` more within `ms`; an even number, so that it ends there. */
export function contact(
  gpio: number,
  closes: boolean,
  { after, bounces = 0, ms = 0 }: { after: number; bounces?: number; ms?: number },
): Move[] {
  const levels = closes ? (["down", "up"] as const) : (["up", "down"] as const);
  return Array.from({ length: bounces + 1 }, (_, at) => [gpio, levels[at % 2] ?? "up", (at === 0 ? after : ms / bounces) * 1000]);
}

/** A press of `closed` ms that comes `open` ms after what was before. */
export function press(gpio: number, open: number, closed: number): Move[] {
  return [...contact(gpio, true, { after: open }), ...contact(gpio, false, { after: closed })];
}

/**
 * Lets a process of its own do it: nothing of the test is in its way. When the machine stood still meanwhile, the lines did not show what
 * was asked: `disturbed` says how, `again` clears up, and the hand tries once more, `attempts` times at most: a host that does other work
 * stops its emulated processors for 10 ms and longer in nine tries of ten.
 */
export async function play(script: Script, disturbed: (done: Done) => string | false, again: () => void): Promise<Done> {
  const program = new URL(import.meta.url).pathname;
  const [command, ...rest] = [
    ...(script.urgent ? ["chrt", "--fifo", "1"] : []),
    process.execPath,
    program,
    JSON.stringify(script),
  ] as const;
  for (let attempt = 1; ; attempt++) {
    again();
    const done = JSON.parse(await run(command, ...rest)) as Done;
    const why = disturbed(done);
    if (why === false) return done;
    console.log(`# disturbed: ${why}`);
    if (attempt === attempts) throw new Error(`this machine is too slow for such a hand: ${why}`);
    await pause(2000); // what it began comes to an end
  }
}

const attempts = 60;

/** For `play`: a hand that was later than its script by more than `slack` ms. */
export function later(slack: number): (done: Done) => string | false {
  return ({ latest }) => latest > slack && `the hand was late by ${latest.toFixed(1)} ms, more than ${slack}`;
}

function perform({ moves, times, paced = false }: Script): Done {
  const files = new Map(moves.map(([gpio]) => [gpio, openSync(`/run/board/sim_gpio${gpio}/pull`, "w")]));
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const words = { up: Buffer.from("pull-up"), down: Buffer.from("pull-down") };
  const before = paced ? handedOut() : 0;
  let edges = 0;
  let latest = 0;
  let first = 0;
  let last = performance.now();
  for (let time = 0; time < times; time++) {
    for (const [gpio, to, afterUs] of moves) {
      const at = last + afterUs / 1000;
      // Asleep while there is time, awake for the end: a sleeper is woken late.
      if (at - performance.now() > 20) Atomics.wait(sleeper, 0, 0, at - performance.now() - 10);
      while (performance.now() < at);
      const now = performance.now();
      writeSync(files.get(gpio) ?? -1, words[to], 0, words[to].length, 0);
      edges++;
      if (paced) while (handedOut() < before + edges) if (performance.now() - now > 10_000) throw new Error(`edge ${edges} never came`);
      last = paced ? performance.now() : now;
      if (edges === 1) first = now;
      else latest = Math.max(latest, last - at);
    }
  }
  for (const file of files.values()) closeSync(file);
  return { edges, took: last - first, latest };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  process.stdout.write(`${JSON.stringify(perform(JSON.parse(process.argv[2] ?? "") as Script))}\n`);
