import type { Bias } from "../gpio/line.ts";
import { debounceOf, measure, ratio } from "./counting.ts";
import { duration, line, oneOf, wholeNumber } from "./formats.ts";
import { inputAppearance, label } from "./homeassistant.ts";
import { inputDevice, key } from "./keys.ts";
import { type Format, leaf, listOf, optional, required } from "./leaf.ts";

const second = 1000;
const day = 24 * 3600 * second;

const bias: Format<Bias> = oneOf("as-is", "disabled", "pull-up", "pull-down");

/** One input. */
export const inputSchema = {
  line: optional(line, "The line that is read.", "required, unless it is an `evdev`"),
  evdev: optional(
    inputDevice,
    "An input device of the kernel instead of a line: a keyboard, a foot pedal, a remote control, by its path or its name; see [inputs.md](inputs.md#keys).",
  ),
  key: optional(key, "Which key or switch of the input device.", "required with `evdev`"),
  grab: leaf(
    oneOf("off", "on"),
    "off",
    "Whether nobody else gets what the input device tells, so that a pedal does not type on the console. It holds for the whole device.",
  ),
  bias: leaf(bias, "as-is", "The pull resistor of the line; `as-is` leaves what the firmware or another program has set."),
  active: leaf(oneOf("high", "low"), "high", "The level on the wire that counts as active; `low` for a button from the line to ground."),
  debounce: leaf(
    debounceOf(duration(0, 10 * second), duration(1, 10 * second), 20),
    20,
    "How long a level must hold before it counts; `0ms` takes every edge, and is the default of a counter, an encoder and a key. `{kernel: 5ms}` leaves it to the line, for an input that is noisy and slow: an edge then has the time at which it had held.",
  ),
  hold: leaf(duration(50, 60 * second), 600, "How long a press must be held to be a hold instead of a click."),
  window: leaf(
    duration(50, 5 * second),
    300,
    "How soon after a click the next one must begin to be counted with it; only a button with a bound double click, or more, waits for it.",
  ),
  repeat: leaf(
    duration(50, 60 * second),
    200,
    "How often a hold is repeated while the button stays down, for rules with `gesture: repeat`.",
  ),
  kind: leaf(
    oneOf("button", "switch", "doorbell", "counter", "encoder"),
    "button",
    "`button` has gestures; `switch` has a level only, and `press` and `release` for rules; `doorbell` rings once at each press; `counter` counts the pulses of a meter; `encoder` is a knob with two lines.",
  ),
  events: listOf(
    required(oneOf("press_start", "multi_press"), "An event that is published only if it is listed."),
    "What a button publishes besides `press_end`, `long_press_start` and `long_press_end`: `press_start` at each press; `multi_press` counts up to 5 clicks, which `press_end` then has to wait for.",
  ),
  edge: leaf(
    oneOf("rising", "falling", "both"),
    "rising",
    "What a counter counts: `rising` = the line becomes active, `falling` = it stops being active.",
  ),
  per_unit: leaf(ratio, 1, "How many pulses of a counter make one unit: 1000 for a meter with 1000 pulses per kWh."),
  unit: optional(measure, "What a counter counts, as it is published: `kWh`, `m³`, `mm`."),
  rate: leaf(oneOf("second", "minute", "hour"), "hour", "The rate of a counter is published in units per so long."),
  report: leaf(
    duration(100, day),
    second,
    "A counter or encoder that has moved is written to disk and published this often at most; the default of an encoder is `200ms`.",
  ),
  line_b: optional(line, "The second line of an encoder. If it turns the wrong way, exchange the two."),
  steps_per_detent: leaf(wholeNumber(1, 16), 4, "How many steps of an encoder are one click that can be felt."),
  event_ttl: leaf(duration(second, 7 * day), 10 * second, "How long an event may wait for the broker before it is dropped as too old."),
  name: optional(label, "What it is called in Home Assistant.", "its id"),
  homeassistant: optional(
    inputAppearance,
    "What a switch or a counter is, for Home Assistant; see [home-assistant.md](home-assistant.md).",
  ),
};
