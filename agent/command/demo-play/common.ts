import { debounceTime } from "../../../config/counting.ts";
import type { Config } from "../../../config/schema.ts";
import type { Play, Step } from "./play.ts";

/** Longer than a bounce of the simulated contact, shorter than a hold. */
const pressMs = 150;

/** What can be played for any configuration: each input is pressed once, and each output and PWM is asked for ON and OFF, which its contract may refuse. */
export function commonPlay({ inputs, outputs, pwm }: Pick<Config, "inputs" | "outputs" | "pwm">): Play {
  const presses = Object.entries(inputs).flatMap(([id, input]): Step[] => {
    const { kind } = input;
    // A knob has two lines, which no press can turn.
    if (kind === "encoder") return [];
    const topic = kind === "counter" ? `P/counter/${id}/state` : `P/in/${id}/state`;
    return [
      {
        text: `Somebody presses ${id}.`,
        does: [{ press: id, for_ms: pressMs + debounceTime(input) }],
        sees:
          kind === "counter"
            ? [[topic, ""]]
            : [
                [topic, "ON"],
                [topic, "OFF"],
              ],
      },
    ];
  });
  const commands = [...Object.keys(outputs).map((id) => ["out", id] as const), ...Object.keys(pwm).map((id) => ["pwm", id] as const)];
  return {
    steps: [
      ...presses,
      ...commands.flatMap(([kind, id]) =>
        ["ON", "OFF"].map((word): Step => {
          const asked = `demo-${word.toLowerCase()}`;
          return {
            text: `Somebody publishes ${word} to P/${kind}/${id}/set, and is answered.`,
            does: [{ say: `P/${kind}/${id}/set`, payload: JSON.stringify({ state: word, id: asked }) }],
            sees: [[`P/${kind}/${id}/result`, `"id":"${asked}"`]],
          };
        }),
      ),
    ],
  };
}
