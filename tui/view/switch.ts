import type { OutputView } from "../../agent/protocol.ts";
import { age, instant, span, time } from "../format.ts";
import { armedFor, type State } from "../model.ts";
import type { Overlay } from "../overlay.ts";
import { detailOf } from "../pin.ts";
import { agentNow, newest } from "../snapshot.ts";
import type { Line } from "./canvas.ts";
import { levelWord } from "./pin-state.ts";
import { styled } from "./text.ts";
import { interlockWord, minimum } from "./why.ts";

/** `ON -> OFF`; of a PWM `40 % -> 50 %`. */
function change({ state, pwm }: OutputView, { word, level }: Overlay & { kind: "switch" }): string {
  if (pwm === undefined) return `${state} -> ${word}`;
  return `${levelWord(pwm)} -> ${level === undefined ? word : levelWord({ ...pwm, value: level })}`;
}

/** What would be switched, as it is now, and what its contract may have against it. */
export function switchLines(state: State, overlay: Overlay & { kind: "switch" }, now: number): Line[] {
  // As it is, and not as a frozen screen shows it.
  const data = newest(state.pins);
  const pin = data?.data.pins.find(({ id }) => id === overlay.output);
  if (data === null || pin?.kind !== "output") return [];
  const at = agentNow(data, now);
  const detail = detailOf(state, pin);
  const since = pin.since === null ? "" : ` for ${age(at - instant(pin.since))}`;
  const ends = pin.until === null ? "" : `, ends by itself at ${time(instant(pin.until))}`;
  const armed = armedFor(state, now);
  const wait = armed > 0 ? `Armed: ${armed} s left` : "DISARMED: nothing will be sent";
  const against = [
    ...(pin.problem === null ? [] : [`! ${pin.problem}`]),
    ...(pin.locked ? ["! LOCK: `pinbus unlock` lets it move again"] : []),
    ...(pin.interlocked === undefined || overlay.word === "OFF" ? [] : [`! LOCK ${pin.interlocked}`]),
  ];
  const interlock = detail && `Interlock: ${interlockWord(state, detail) ?? "none"}`;
  const least = detail && minimum(pin, detail, at);
  return [
    [`${pin.id}   ${pin.line}${pin.header === null ? "" : ` (header pin ${pin.header})`}   ${change(pin, overlay)}`, "bold"],
    [`Now ${pin.pwm === undefined ? pin.state : levelWord(pin.pwm)}${since} by ${pin.cause}${ends}`, "dialog"],
    ...styled(against, "bad"),
    ...(interlock === undefined ? [] : [[interlock, "dialog"] as const]),
    [[detail && (least ?? "No minimum time"), wait].filter((text) => text !== undefined).join("     "), armed > 0 ? "dialog" : "warn"],
    ["", "dialog"],
    [
      `[y] ${overlay.level === undefined ? `Switch ${overlay.word === "ON" ? "on" : "off"}` : "Set it"}${pin.pwm === undefined ? "" : "     [+] [-] Level"}     [t] Pulse${detail ? ` ${span(detail.pulse_ms)}` : ""}     [Esc] Cancel`,
      "key",
    ],
  ];
}
