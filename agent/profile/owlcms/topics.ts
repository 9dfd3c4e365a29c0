import type { Config } from "../../../config/schema.ts";
import type { End, Trigger } from "../rule.ts";

/** Stands for the platform while the configuration names none: which one is meant is known only when owlcms was asked. */
export const anyPlatform = "+";

export const configTopic = "owlcms/config";
export const platformsTopic = "owlcms/fop/config";

export interface OwlcmsTopics {
  /** What owlcms says: `owlcms/fop/<name>/<platform>`. */
  fop(name: string): string;
  /** Where a decision of a referee goes. */
  decide: string;
  /** What other boxes say to owlcms. */
  to(name: string): string;
  startup: string;
  /** The same of whichever platform. */
  anyStartup: string;
  /** owlcms misses the decision of this referee; and, on the old topic, no longer. */
  request(referee: string): { begins: Trigger; ends: readonly End[] };
  summon(official: string): Trigger;
}

/** The topics of one platform; with `legacy` the old form where there are both, and never the two of them (section 7 of the contract). */
export function topicsOf({ platform, legacy }: Config["owlcms"]): OwlcmsTopics {
  const at = platform ?? anyPlatform;
  const fop = (name: string) => `owlcms/fop/${name}/${at}`;
  const to = (name: string) => `owlcms/${name}/${at}`;
  if (legacy !== "true")
    return {
      fop,
      to,
      decide: to("refbox/decision"),
      startup: fop("startup"),
      anyStartup: `owlcms/fop/startup/${anyPlatform}`,
      request: (referee) => ({ begins: { topic: fop("decisionRequest"), payload: referee }, ends: [] }),
      summon: (official) => ({ topic: fop("summon"), payload: official }),
    };
  return {
    fop,
    to,
    decide: to("decision"),
    startup: to("led"),
    anyStartup: `owlcms/led/${anyPlatform}`,
    request(referee) {
      const topic = `${to("decisionRequest")}/${referee}`;
      return { begins: { topic, payload: "on" }, ends: [{ topic, payload: "off" }] };
    },
    summon: (official) => ({ topic: `${to("summon")}/${official}`, payload: "on" }),
  };
}

/** How long what is said to owlcms may wait for the broker, in ms, whichever rule says it; null for what is said to others. */
export function patienceOf(topic: string): number | null {
  // In another attempt a press of this one would be wrong.
  return topic.startsWith("owlcms/") ? 1000 : null;
}

/** The topic under which rules know what was said, where they name no platform; the name that stands in its place. */
export function withoutPlatform(topic: string): { topic: string; platform: string }[] {
  const levels = topic.split("/");
  return [levels.length - 1, 2].flatMap((at) => {
    const platform = levels[at];
    return platform === undefined ? [] : [{ topic: levels.with(at, anyPlatform).join("/"), platform }];
  });
}
