import { anyNumber, decimal } from "./clock-formats.ts";
import { mapFormat } from "./compound.ts";
import { bad, duration, formatDuration, ok, show } from "./formats.ts";
import type { Format } from "./leaf.ts";
import { sensorRef } from "./sensor-ref.ts";

const day = 86_400_000;
const number = decimal(0, 20_000);

/** Per cent, of a servo microseconds; `off` and `release` are 0. What is too much for its kind is reported by `checkPwm`. */
export const level: Format<number> = {
  name: "pwm level",
  shape: "per cent between 0 and 100, of a servo microseconds or `release`",
  read(value, source) {
    const text = show(value, source);
    if (text === "off" || text === "release") return ok(0);
    const reading = number.read(value, source);
    return reading.ok
      ? reading
      : bad(`${JSON.stringify(text.slice(0, 40))} is no level`, "write per cent like 40; of a servo 1500 or release");
  },
  write: String,
};

/** The same, or left as it is. */
export const levelOrKeep: Format<number | "keep"> = {
  name: "pwm level or keep",
  shape: `${level.shape}; \`keep\` leaves it`,
  read: (value, source) => (show(value, source) === "keep" ? ok("keep") : level.read(value, source)),
  write: String,
};

/** What is done when nothing was heard for so long. */
export interface PwmSilence {
  after: number;
  do: number;
}

export const pwmSilence: Format<PwmSilence> = mapFormat({
  name: "pwm silence",
  shape: "`{after: 30s, do: 0}`; `do` is a level",
  fix: "write {after: 30s, do: 0}",
  fields: { after: duration(100, 7 * day), do: level },
  needs: ["after", "do"],
  value: ok,
  write: ({ after, do: what }) => `{after: ${formatDuration(after)}, do: ${what}}`,
});

/** The shortest and the longest pulse of a servo, in microseconds. */
export const pulseRange: Format<readonly [number, number]> = {
  name: "pulse range",
  shape: "the shortest and the longest pulse in microseconds, like `[1000, 2000]`",
  read(value) {
    const fix = "write it like [1000, 2000], between 400 and 2600";
    if (!Array.isArray(value) || value.length !== 2) return bad("it is not two numbers", fix);
    const [low, high] = value.map(Number);
    const right = low !== undefined && high !== undefined && Number.isInteger(low) && Number.isInteger(high) && low >= 400 && high <= 2600;
    return right && low < high ? ok([low, high]) : bad("these are no pulses of a servo", fix);
  },
  write: ([low, high]) => `[${low}, ${high}]`,
};

/** A fan that follows a sensor. */
export interface Curve {
  /** An id, or `id.quantity` of a sensor with several. */
  sensor: string;
  /** What is read → per cent, rising. */
  points: readonly (readonly [number, number])[];
  hysteresis: number;
  on_stale: number;
}

const maxPoints = 32;

const points: Format<readonly (readonly [number, number])[]> = {
  name: "points of a curve",
  shape: "pairs of what is read and per cent",
  read(value) {
    const fix = "write [[45, 0], [55, 40], [70, 100]]: what is read, rising, and per cent";
    if (!Array.isArray(value) || value.length < 2 || value.length > maxPoints) return bad(`it has not 2 to ${maxPoints} points`, fix);
    const pairs: [number, number][] = [];
    for (const pair of value) {
      if (!Array.isArray(pair) || pair.length !== 2) return bad("a point is not two numbers", fix);
      const [x, y] = [anyNumber.read(pair[0]), decimal(0, 100).read(pair[1])];
      if (!x.ok || !y.ok) return bad("a point is not two numbers", fix);
      if (x.value <= (pairs.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY)) return bad("what is read does not rise from point to point", fix);
      pairs.push([x.value, y.value]);
    }
    return ok(pairs);
  },
  write: (pairs) => `[${pairs.map((pair) => `[${pair.join(", ")}]`).join(", ")}]`,
};

export const curve: Format<Curve> = mapFormat({
  name: "fan curve",
  shape: "`{sensor: cpu, points: [[45, 0], [55, 40], [70, 100]], hysteresis: 3, on_stale: 100}`",
  fix: "write {sensor: cpu, points: [[45, 0], [55, 40], [70, 100]], hysteresis: 3, on_stale: 100}",
  fields: { sensor: sensorRef, points, hysteresis: decimal(0, 999_999), on_stale: decimal(0, 100) },
  needs: ["sensor", "points"],
  value: ({ sensor, points: pairs, hysteresis = 0, on_stale }) =>
    on_stale === undefined
      ? bad("it has no on_stale", "say what the fan does when the sensor cannot be read: on_stale: 100")
      : ok({ sensor, points: pairs, hysteresis, on_stale }),
  write: ({ sensor, points: pairs, hysteresis, on_stale }) =>
    `{sensor: ${sensor}, points: ${points.write(pairs)}, hysteresis: ${hysteresis}, on_stale: ${on_stale}}`,
});
