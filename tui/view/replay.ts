import { age, clock, dateTime } from "../format.ts";
import { isSkipped, type ReplayState, speedText } from "../replay.ts";

/** Long enough to wonder whether anything still comes. */
const longGap = 3000;

/** For the message line. */
export function replayText({ name, speed, paused, ended, line, share, bad, next }: ReplayState, now: number): string {
  const state = ended ? "END" : paused ? "PAUSED" : speedText(speed);
  const left = bad === 0 ? "" : `, ${bad} bad`;
  const waits = next !== null && !ended && next - now > longGap;
  const skips = waits && !paused && isSkipped(next - now, speed);
  const gap = !waits ? "" : skips ? `  skips to ${dateTime(next)}: , at once` : `  next in ${age(next - now)}: , skips`;
  return `${clock(now)}  ${state}  line ${line}, ${Math.floor(share * 100)} %${left}${gap}  ${name}`;
}
