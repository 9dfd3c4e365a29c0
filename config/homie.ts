import type { Report } from "./check.ts";
import { oneOf, text } from "./formats.ts";
import { label } from "./homeassistant.ts";
import { derived, leaf, optional } from "./leaf.ts";
import { isOwnTopic } from "./peers.ts";
import type { Config } from "./schema.ts";

const topicId = text("Homie id", "an id of Homie", /^[a-z0-9-]{1,64}$/, "write 1 to 64 of the characters a-z, 0-9 and -");

/** This machine as a device of Homie 5: `docs/homie.md`. */
export const homieSchema = {
  discovery: derived(oneOf("true", "false"), "Whether this machine is a device of Homie 5.", "`true` with this section"),
  domain: leaf(topicId, "homie", "The first level of its topics there; the second is `5`."),
  id: optional(topicId, "The id of the device; only for two agents on one machine.", "made of the machine's identity"),
  name: optional(label, "What the device is called there.", "`node`"),
};

/** Its topics are not those of this node. */
export function checkHomie(config: Config, report: Report): void {
  const { domain } = config.homie;
  if (isOwnTopic(config, `${domain}/5/x`))
    report("homie.domain", "its topics are topics of this node itself", "take another domain, or another node");
}
