import type { Found, Report } from "./check.ts";
import { controllerLost } from "./controllers.ts";
import { duration, id } from "./formats.ts";
import { leaf, oneOrMore, required } from "./leaf.ts";
import { isOwnTopic } from "./peers.ts";
import { checkReference, itemPath } from "./references.ts";
import type { Config } from "./schema.ts";
import { deviceTopic } from "./tasmota.ts";

const second = 1000;
const hour = 3600 * second;

/** This machine as MistBuddy of 2025: `docs/growbuddy.md`. */
export const mistbuddySchema = {
  topic: required(deviceTopic, "What stands between `cmnd/` and `/ONOFF`: `tent_one/mistbuddy_1`."),
  light: required(deviceTopic, "The topic of the device that says with its Mem1 whether there is light: `snifferbuddy/tent_one/sunshine`."),
  outputs: oneOrMore(required(id, "An output."), "What is on in each round: the mister, and its fan.", 1),
  silence: leaf(
    duration(0, 7 * 24 * hour),
    24 * hour,
    "It stops when nobody has said for so long that it should mist; `0s` = it goes on until somebody stops it.",
  ),
  on_broker_lost: leaf(
    controllerLost,
    { after: 120 * second, do: "off" },
    "Whether it stops when the broker was away for so long: somebody may have stopped it meanwhile. It never mists without a broker.",
  ),
};

/** MistBuddies: what they switch must be there, and each has topics of its own. */
export function checkMistbuddy(config: Config, found: Found, report: Report): void {
  const topics = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const [buddy, { topic, light, outputs }] of Object.entries(config.mistbuddy)) {
    const path = `mistbuddy.${buddy}`;
    for (const [key, named] of Object.entries({ topic, light }))
      if (isOwnTopic(config, `${named}/`)) report(`${path}.${key}`, "it is a topic of this node itself", "take another one");
    const twin = topics.get(topic);
    if (twin !== undefined) report(`${path}.topic`, `it is the topic of ${twin} already`, "give each a topic of its own");
    topics.set(topic, buddy);
    for (const [index, output] of outputs.entries()) {
      const at = itemPath(found, `${path}.outputs`, index);
      checkReference(at, output, "output", found, report);
      const first = taken.get(output);
      if (first === buddy) report(at, `${output} stands in it twice`, "remove one of them");
      else if (first !== undefined) report(at, `${output} is switched by ${first} already`, "name another output");
      else taken.set(output, buddy);
    }
  }
}
