import { type Case, plug, second, without } from "./reason-world.ts";

/** Somebody, or a rule, wanted it. */
export const wishes: Record<string, Case> = {
  "a click, through a rule": {
    play: (one) => one.press("porch", 312, second),
    told: "ON since 10:33:12 because porch was pressed (312 ms) and rule porch-lamp says toggle; ends 12:33:12 by max_on",
    kind: "rule",
    source: "porch-lamp",
    chain: ["input: porch click (312 ms)", "rule: rule porch-lamp"],
  },
  "a press, whose length nobody knows yet": {
    play: (one) => one.press("bell", 50, 50),
    output: "horn",
    told: "ON since 10:33:12 because bell was pressed and rule chime plays its pattern; ends 10:33:12 by its pulse",
    kind: "rule",
    source: "chime",
    chain: ["input: bell press", "rule: rule chime"],
  },
  "the end of a tone of a pattern": {
    play: (one) => one.press("bell", 50, 200),
    output: "horn",
    told: "OFF since 10:33:12 because its pulse ended; it was on because bell was pressed and rule chime plays its pattern",
    kind: "contract",
    source: "pulse ended",
    chain: ["input: bell press", "rule: rule chime", "contract: pulse ended"],
  },
  "two clicks": {
    play: (one) => {
      one.press("porch", 100, 100);
      one.press("porch", 120, second);
    },
    output: "pump",
    told: "ON since 10:33:12 because porch was pressed twice (320 ms) and rule porch-double says on",
    kind: "rule",
    source: "porch-double",
    chain: ["input: porch double (320 ms)", "rule: rule porch-double"],
  },
  "a hold, whose length nobody knows yet": {
    play: (one) => one.press("porch", 700, 100),
    output: "up",
    more: without("porch-let-go"),
    told: "ON since 10:33:12 because porch was held and rule porch-hold says pulse; ends 10:33:13 by its pulse",
    kind: "rule",
    source: "porch-hold",
    chain: ["input: porch hold", "rule: rule porch-hold"],
  },
  "the end of a hold": {
    play: (one) => one.press("porch", 1500, second),
    output: "down",
    told: "ON since 10:33:13 because porch was let go after a hold (1500 ms) and rule porch-let-go says on",
    kind: "rule",
    source: "porch-let-go",
    chain: ["input: porch hold_end (1500 ms)", "rule: rule porch-let-go"],
  },
  "a contact, which nobody presses": {
    play: (one) => {
      one.control("horn", "ON");
      one.press("door", 8 * second);
    },
    output: "horn",
    told: "OFF since 10:33:20 because door went off (8000 ms) and rule door-open says off",
    kind: "rule",
    source: "door-open",
    chain: ["input: door release (8000 ms)", "rule: rule door-open"],
  },
  "the time of day": {
    play: (one) => one.dispatch({ type: "time-came", trigger: one.plan.listeners.clock[0]?.trigger ?? -1, at: one.now }),
    output: "fan",
    told: "OFF since 10:33:12 because it was 18:00 and rule evening says off",
    kind: "rule",
    source: "evening",
    chain: ["clock: it is 18:00", "rule: rule evening"],
  },
  "a rule after another output, a while later": {
    play: (one) => {
      one.press("porch", 312, second);
      one.advance(10 * second);
    },
    output: "fan",
    told:
      "OFF since 10:33:17 because lamp went on and rule follow says toggle after 5 s; before that: " +
      "porch click (312 ms), rule porch-lamp",
    kind: "rule",
    source: "follow",
    chain: ["input: porch click (312 ms)", "rule: rule porch-lamp", "output: lamp is on", "rule: rule follow"],
  },
  "another device, through a rule": {
    play: (one) => {
      plug(one, true);
      plug(one, false);
    },
    output: "down",
    told: "ON since 10:33:12 because peer plug went offline and rule away says on",
    kind: "rule",
    source: "away",
    chain: ["peer: plug is offline", "rule: rule away"],
  },
  "the broker, through a rule": {
    play: (one) => {
      one.link(false);
      one.advance(25 * second);
    },
    output: "horn",
    told: "ON since 10:33:32 because the broker was lost for 20 s and rule alarm says on",
    kind: "rule",
    source: "alarm",
    chain: ["broker: broker is lost for 20s", "rule: rule alarm"],
  },
  "a command to a rule": {
    play: (one) => one.rule("porch-lamp", '{"state":"TRIGGER","id":"r-1","cause":"movie night"}'),
    told:
      "ON since 10:33:12 because a command came over MQTT (movie night, id r-1) and rule porch-lamp says toggle; " +
      "ends 12:33:12 by max_on",
    kind: "rule",
    source: "porch-lamp",
    id: "r-1",
    chain: ["mqtt: a command over mqtt, movie night, id r-1", "rule: rule porch-lamp"],
  },
  "the end of a rule that played a pattern": {
    play: (one) => {
      one.press("bell", 50, 50);
      one.rule("chime", "OFF");
    },
    output: "horn",
    told: "OFF since 10:33:12 because rule chime was disabled by mqtt and rule chime says off",
    kind: "rule",
    source: "chime",
    chain: ["rule: rule chime disabled by mqtt", "rule: rule chime"],
  },
  "a command over MQTT": {
    play: (one) => one.mqtt("lamp", '{"state":"ON","id":"a-1","cause":"it rains"}'),
    told: "ON since 10:33:12 because a command over MQTT says on (it rains, id a-1); ends 12:33:12 by max_on",
    kind: "mqtt",
    source: "mqtt",
    id: "a-1",
    chain: ["mqtt: mqtt (it rains, id a-1)"],
  },
  "somebody who wants to see which output it is": {
    play: (one) => one.identify("horn", 1000, "i-1"),
    output: "horn",
    told: "ON since 10:33:12 because a command over MQTT asked which output it is (mqtt, id i-1); ends 10:33:12 by its pulse",
    kind: "mqtt",
    source: "identify",
    id: "i-1",
    chain: ["mqtt: identify (mqtt, id i-1)"],
  },
  "the same, of an output that was on": {
    play: (one) => {
      one.control("horn", "ON");
      one.advance(10 * second);
      one.identify("horn", 1000);
      one.advance(2 * second);
    },
    output: "horn",
    told:
      "ON since 10:33:22 because somebody with `pinbus identify` asked which output it is; before that it was on because " +
      "somebody switched it on with `pinbus set`",
    kind: "cli",
    source: "identify",
    chain: ["cli: cli", "cli: identify"],
  },
  "a person at the command line": {
    play: (one) => one.control("lamp", "TOGGLE"),
    told: "ON since 10:33:12 because somebody toggled it with `pinbus set`; ends 12:33:12 by max_on",
    kind: "cli",
    source: "cli",
    chain: ["cli: cli"],
  },
  "a person in the terminal UI": {
    play: (one) => one.control("horn", "ON", null, "tui"),
    output: "horn",
    told: "ON since 10:33:12 because somebody switched it on in the terminal UI",
    kind: "tui",
    source: "tui",
    chain: ["tui: tui"],
  },
};
