import { brokerLost, pulseOf } from "./compound.ts";
import { duration, id, line, oneOf } from "./formats.ts";
import { label, outputAppearance } from "./homeassistant.ts";
import { leaf, optional } from "./leaf.ts";
import { peerOffline } from "./peers.ts";
import { plug } from "./plugs.ts";

const second = 1000;
const day = 24 * 3600 * second;

const pulse = duration(1, day);

/** One output. */
export const outputSchema = {
  line: optional(line, "The line that is driven.", "required, unless it is a `plug`"),
  plug: optional(
    plug,
    "A real plug of Tasmota instead of a line, by what stands between `cmnd/` and `/POWER`; see [plugs.md](plugs.md). `failsafe` is how long it stays on when this machine has died.",
    "none; `failsafe` is `max_on`, else the longest `pulse`",
  ),
  active: leaf(oneOf("high", "low"), "high", "The level on the wire that switches the load on; `low` for most relay boards."),
  on_start: leaf(
    oneOf("off", "on", "keep", "last"),
    "off",
    "The state that the output gets when the agent starts; `keep` = as found on the line, `last` = as last switched.",
  ),
  on_exit: leaf(oneOf("off", "on", "keep"), "off", "The state that the output gets when the agent is stopped; `keep` leaves it."),
  on_crash: optional(oneOf("off", "on", "keep"), "The state that the output gets after the agent has crashed.", "as `on_exit`"),
  pulse: optional(
    pulseOf(pulse),
    "The length of a pulse when the command or the rule names none, and the longest that may be asked for.",
    "500ms",
  ),
  max_on: optional(duration(10, 30 * day), "The longest time that the output may stay on; then it is switched off.", "no limit"),
  min_on: leaf(duration(0, day), 0, "The shortest time that the output stays on; what would end it sooner is refused."),
  min_off: leaf(duration(0, day), 0, "The shortest time that the output stays off; what would end it sooner is refused."),
  interlock: optional(id, "The group of outputs, below `interlocks`, of which only one may be on."),
  on_broker_lost: optional(brokerLost, "What the output does when the broker was away for so long.", "nothing"),
  on_peer_offline: optional(peerOffline, "What the output does when another device was offline for so long.", "nothing"),
  identify: leaf(oneOf("off", "on"), "off", "Whether the output may blink to show which one it is; see [remote.md](remote.md#identify)."),
  name: optional(label, "What it is called in Home Assistant.", "its id"),
  homeassistant: optional(
    outputAppearance,
    "As what it appears in Home Assistant; see [home-assistant.md](home-assistant.md).",
    "`{as: button}` with a `pulse`, else `{as: switch}`",
  ),
};

/** One group of outputs of which only one may be on. */
export const interlockSchema = {
  dead_time: leaf(duration(0, 30 * second), 300, "How long all outputs of the group are off before another one goes on."),
  mode: leaf(
    oneOf("switch", "refuse"),
    "switch",
    "What ON does while another output of the group is on: `switch` that one off first, or `refuse`.",
  ),
};
