import type { Effect } from "./effect.ts";
import type { Command } from "./keys.ts";
import type { State } from "./model.ts";

/** A recording that is played in place of a broker. */
export interface ReplayState {
  /** The name of the file. */
  name: string;
  /** How much faster than it was; Infinity = as fast as this machine can. */
  speed: number;
  paused: boolean;
  ended: boolean;
  /** The last line that was played, and how much of the file that is, from 0 to 1. */
  line: number;
  share: number;
  /** Lines that were left out. */
  bad: number;
  /** When the next message comes, by the clock of the recording; null = not known, or none. */
  next: number | null;
  /** The notice that is shown, and for how many ticks it has been. */
  said: { notice: State["notice"]; ticks: number } | null;
}

/** No longer than this is waited for a message, by our clock; a longer time is skipped after `skipAfter`. */
const longestWait = 600_000;
export const skipAfter = 5000;

/** Will so much of the recording's time, in which nothing comes, be skipped? */
export function isSkipped(gap: number, speed: number): boolean {
  return gap / speed > longestWait;
}

const speeds = [1, 10, 100, Number.POSITIVE_INFINITY];

export function createReplay(name: string): ReplayState {
  return { name, speed: 1, paused: false, ended: false, line: 0, share: 0, bad: 0, next: null, said: null };
}

/** A key while a recording is played. */
export function replayKey({ replay }: State, command: Command): readonly Effect[] {
  if (replay === null) return [];
  if (command === "replay-pause") replay.paused = !replay.paused;
  if (command === "replay-step") replay.paused = true;
  const step = command === "replay-faster" ? 1 : command === "replay-slower" ? -1 : 0;
  replay.speed = speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(replay.speed) + step))] ?? 1;
  const { speed, paused } = replay;
  return [{ type: "replay", speed, paused, step: command === "replay-step", skip: command === "replay-skip" }];
}

export function speedText(speed: number): string {
  return Number.isFinite(speed) ? `x${speed}` : "as fast as it goes";
}
