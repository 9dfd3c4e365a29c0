import { age, clock } from "../format.ts";
import { type ReplayState, speedText } from "../replay.ts";

/** Long enough to wonder whether anything still comes. */
const longGap = 3000;

/** For the message line. */
export function replayText({ name, speed, paused, ended, line, share, bad, next }: ReplayState, now: number): string {
  const state = ended ? "END" : paused ? "PAUSED" : speedText(speed);
  const left = bad === 0 ? "" : `, ${bad} bad`;
  const gap = next !== null && !ended && next - now > longGap ? `  next in ${age(next - now)}: . steps there` : "";
  return `${clock(now)}  ${state}  line ${line}, ${Math.floor(share * 100)} %${left}${gap}  ${name}`;
}
