import type { Action, Expected, Play } from "./play.ts";

const remote = "CarbotControl";
/** As the app does it: with retain. */
const letter = (payload: string): Action => ({ guest: remote, says: ["carbot/move", payload], retain: true });
const wheel = (side: "left" | "right", pulse: number): Expected => [`P/pwm/${side}/state`, `"pulse_us":${pulse}`];
const stands = [wheel("left", 1500), wheel("right", 1500)];

/** The driver of the car, who goes silent. */
export const carbot: Play = {
  steps: [
    {
      text: "The remote control comes over WebSocket and says + and f: the car goes forward. Its wheels face each other.",
      does: [{ comes: remote, over: "ws" }, letter("+"), letter("f")],
      sees: [wheel("left", 1400), wheel("right", 1600)],
    },
    {
      text: "The driver says nothing more. After two seconds the car stands.",
      does: [],
      sees: stands,
    },
    {
      text: "b and then -: backward, and slower.",
      does: [letter("b"), letter("-")],
      sees: [wheel("left", 1600), wheel("right", 1400), wheel("left", 1550), wheel("right", 1450)],
    },
    { text: "s: it stands.", does: [letter("s")], sees: stands },
    {
      text: "The car goes forward, and the remote control falls into the water. The car stands.",
      does: [letter("f"), { cut: remote }],
      sees: [wheel("left", 1450), wheel("right", 1550), ...stands],
    },
    { text: "Why does it stand? (pinbus why left)", does: [{ why: "left" }] },
  ],
};
