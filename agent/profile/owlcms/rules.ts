import type { Config } from "../../../config/schema.ts";
import { type Rules, rule } from "../rule.ts";
import { juryLights, juryRules } from "./jury.ts";
import { each, refereeRules, says, summoned } from "./official.ts";
import { configTopic, type OwlcmsTopics, topicsOf } from "./topics.ts";

type Box = Config["owlcms"];

/** How long what the box has signalled itself keeps owlcms' own signal from doing it again (section 4). */
const ownSignal = 5000;

/** There whenever the section makes any rule. */
export const askRule = "owlcms-ask";

/** The section `owlcms` as ordinary rules; none when it names no button and no light. */
export function owlcmsRules(box: Box): Rules {
  const topics = topicsOf(box);
  // What was decided is over with a new attempt, and with a new owlcms.
  const begins = [topics.fop("resetDecisions"), topics.startup];
  const { referees, controller, timekeeper, jury } = box;
  const rules: Rules = {
    ...Object.assign({}, ...Object.entries(referees).map(([number, referee]) => refereeRules(number, referee, topics, begins))),
    ...summoned("owlcms-controller-summon", [topics.summon("4")], controller),
    ...downRules(box, topics, begins),
    ...Object.assign({}, ...clockWords.map(([key, word]) => says(`owlcms-clock-${word}`, timekeeper[key], topics.to("clock"), [word]))),
    ...warningRules(box, topics),
    ...juryRules(jury, topics, begins),
  };
  const startup = startupRules(box, topics);
  if (Object.keys(rules).length + Object.keys(startup).length === 0) return {};
  return {
    ...rules,
    ...clearRules(box, topics),
    ...startup,
    // It answers with the platforms. What is asked when it says `on` is lost: it subscribes only after `off` (facts 1, 2 and 10). Whichever
    // platform says so: it may no longer have this one. All of them say so at once, and one answer is enough.
    [askRule]: rule(
      [
        { broker: "connected", for: 10 },
        { topic: topics.anyStartup, payload: "off" },
      ],
      [{ publish: configTopic, payload: " ", after: 50 }],
      { and: [{ broker: "connected" }] },
    ),
  };
}

const clockWords = [
  ["start", "start"],
  ["stop", "stop"],
  ["one_minute", "60"],
  ["two_minutes", "120"],
  ["toggle", "toggle"],
] as const;

function downRules({ down }: Box, topics: OwlcmsTopics, begins: readonly string[]): Rules {
  const signal = each([...new Set([...down.light, ...down.horn])], { set: "on", for: 2000 });
  if (signal.length === 0) return {};
  const when = { topic: topics.fop("down") };
  if (down.majority !== "true") return { "owlcms-down": rule([when], signal) };
  const fired = (id: string) => ({ unless: [{ rule: id, fired_within: ownSignal }] });
  return {
    "owlcms-majority": rule(
      [{ topic: topics.fop("decision"), agree: 2, changed_since: [...begins] }],
      [...signal, { publish: topics.to("refbox/downEmitted"), payload: " " }],
      fired("owlcms-down"),
    ),
    "owlcms-down": rule([when], signal, fired("owlcms-majority")),
  };
}

function warningRules({ clock: { horn } }: Box, topics: OwlcmsTopics): Rules {
  if (horn.length === 0) return {};
  const warning = (payload: string, times: number, on: number) =>
    rule([{ topic: topics.fop("timeRemaining"), payload }], each(horn, { beep: { times, on, off: 200 } }));
  return {
    "owlcms-90-seconds": warning("90", 3, 200),
    "owlcms-30-seconds": warning("30", 2, 200),
    "owlcms-time-over": warning("0", 1, 1000),
  };
}

/** What lasts is off when an attempt begins, and when nobody knows what is so. */
function clearRules({ jury }: Box, topics: OwlcmsTopics): Rules {
  const lights = [...new Set(juryLights(jury))];
  if (lights.length === 0) return {};
  const off = each(lights, { set: "off" });
  return {
    "owlcms-clear": rule([{ topic: topics.fop("resetDecisions") }, { broker: "lost" }, { topic: topics.startup, payload: "off" }], off),
  };
}

function startupRules(box: Box, topics: OwlcmsTopics): Rules {
  const lights = box.startup.length > 0 ? box.startup : lightsOf(box);
  if (lights.length === 0) return {};
  return { "owlcms-startup": rule([{ topic: topics.startup, payload: "on" }], each([...new Set(lights)], { pattern: [1000] })) };
}

function lightsOf({ referees, controller, down, jury }: Box): string[] {
  return [
    ...Object.values(referees).flatMap(({ led, confirm }) => [...led, ...confirm]),
    ...controller.led,
    ...down.light,
    ...juryLights(jury),
  ];
}
