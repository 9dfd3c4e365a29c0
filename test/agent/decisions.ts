import { configOf } from "./core/fixture.ts";
import { type Case, hour, parts, plug, second, without } from "./reason-world.ts";

/** The agent decided it by itself, or refused it. */
export const decisions: Record<string, Case> = {
  "the end of a pulse": {
    play: (one) => {
      one.mqtt("horn", '{"state":"PULSE","id":"p-1"}');
      one.advance(second);
    },
    output: "horn",
    told: "OFF since 10:33:12 because its pulse ended; it was on because a command over MQTT says pulse (id p-1)",
    kind: "contract",
    source: "pulse ended",
    id: "p-1",
    chain: ["mqtt: mqtt (id p-1)", "contract: pulse ended"],
  },
  max_on: {
    play: (one) => {
      one.press("porch", 312, second);
      one.advance(3 * hour);
    },
    told:
      "OFF since 12:33:12 because max_on was reached; " + "it was on because porch was pressed (312 ms) and rule porch-lamp says toggle",
    kind: "contract",
    source: "max_on reached",
    chain: ["input: porch click (312 ms)", "rule: rule porch-lamp", "contract: max_on reached"],
  },
  "the partner of an interlock": {
    play: (one) => {
      one.control("up", "ON");
      one.press("porch", 1500, second);
    },
    output: "up",
    more: without("porch-hold"),
    told: "OFF since 10:33:13 because down goes on and interlock gate lets only one on; before that: porch hold_end (1500 ms), rule porch-let-go",
    kind: "contract",
    source: "interlock gate",
    chain: ["input: porch hold_end (1500 ms)", "rule: rule porch-let-go", "contract: interlock gate (down goes on)"],
  },
  "the loss of the broker": {
    play: (one) => {
      one.control("lamp", "ON");
      one.link(false);
      one.advance(40 * second);
    },
    told: "OFF since 10:33:42 because the broker was lost for 30 s",
    kind: "failsafe",
    source: "broker lost",
    chain: ["failsafe: broker lost (for 30 s)"],
  },
  "the loss of another device": {
    play: (one) => {
      plug(one, true);
      one.control("pump", "ON");
      plug(one, false);
      one.advance(20 * second);
    },
    output: "pump",
    told: "OFF since 10:33:22 because peer plug was offline for 10 s",
    kind: "failsafe",
    source: "peer plug offline",
    chain: ["failsafe: peer plug offline (for 10 s)"],
  },
  "the start": {
    play: () => {},
    output: "fan",
    told: "ON since 10:33:00 because the agent started",
    kind: "start",
    source: "start",
    chain: ["start: start"],
  },
  "a line that came back": {
    play: (one) => {
      one.loseOutput("fan");
      one.returnOutput("fan");
    },
    output: "fan",
    told: "ON since 10:33:12 because its line came back",
    kind: "start",
    source: "line came back",
    chain: ["start: line came back (the start state of its contract)"],
  },
  "somebody at the plug": {
    play: (one) => one.movePlug("socket", true),
    output: "socket",
    told: "ON since 10:33:12 because somebody switched it on at the plug; ends 11:33:12 by max_on",
    kind: "plug",
    source: "plug",
    chain: ["plug: plug (switched there)"],
  },
  "the end of max_on, which the plug counts as well": {
    play: (one) => {
      one.movePlug("socket", true);
      one.advance(hour - second);
      one.movePlug("socket", false);
    },
    output: "socket",
    told: "OFF since 11:33:11 because max_on was reached; it was on because somebody switched it on at the plug",
    kind: "contract",
    source: "max_on reached",
    chain: ["plug: plug (switched there)", "contract: max_on reached"],
  },
  "a plug that went off by itself": {
    play: (one) => {
      one.movePlug("socket", true);
      one.movePlug("socket", false);
    },
    output: "socket",
    told: "OFF since 10:33:12 because somebody switched it off at the plug, or its PulseTime did",
    kind: "plug",
    source: "plug",
    chain: ["plug: plug (went off there)"],
  },
  "a plug that came back": {
    play: (one) => {
      one.movePlug("socket", true);
      one.loseOutput("socket");
      one.returnOutput("socket");
    },
    output: "socket",
    told: "OFF since 10:33:12 because its plug came back",
    kind: "start",
    source: "plug came back",
    chain: ["start: plug came back (the start state of its contract)"],
  },
  "a reload that opens a line anew": {
    play: (one) => {
      const moved = { line: { kind: "gpio", gpio: 4 }, on_start: "on" } as const;
      one.reload(configOf({ ...parts, outputs: { ...parts.outputs, horn: moved } }));
    },
    output: "horn",
    told: "ON since 10:33:12 because the configuration was reloaded (the start state of its contract)",
    kind: "contract",
    source: "reload",
    chain: ["contract: reload (the start state of its contract)"],
  },
  "the stop": {
    play: (one) => one.dispatch({ type: "stop-requested", at: one.now }),
    output: "fan",
    told: "OFF since 10:33:12 because the agent stopped",
    kind: "contract",
    source: "agent stops",
    chain: ["contract: agent stops"],
  },
  "a lock": {
    play: (one) => one.lock("lamp", true),
    told: "10:33:12  LOCKED by somebody with `pinbus lock`",
    kind: "cli",
    source: "cli",
    chain: ["cli: cli"],
  },
  "a lock in the terminal UI": {
    play: (one) => one.dispatch({ type: "lock-requested", output: one.output("lamp"), locked: true, from: "tui", at: one.now }),
    told: "10:33:12  LOCKED by somebody in the terminal UI",
    kind: "tui",
    source: "tui",
    chain: ["tui: tui"],
  },
  "the end of a lock": {
    play: (one) => {
      one.lock("lamp", true);
      one.lock("lamp", false);
    },
    told: "10:33:12  UNLOCKED by somebody with `pinbus unlock`",
    kind: "cli",
    source: "cli",
    chain: ["cli: cli"],
  },
  "a refused wish of a rule": {
    play: (one) => {
      one.lock("lamp", true);
      one.press("porch", 312, second);
    },
    told:
      "10:33:12  REFUSED: lamp is locked; `pinbus unlock lamp` lets it move again; " +
      "wanted because porch was pressed (312 ms) and rule porch-lamp says toggle",
    kind: "rule",
    source: "porch-lamp",
    chain: ["input: porch click (312 ms)", "rule: rule porch-lamp"],
    reason: "locked",
  },
  "a refused command that may come again later": {
    play: (one) => {
      one.control("pump", "ON");
      one.control("pump", "OFF");
      one.mqtt("pump", '{"state":"ON","id":"a-2"}');
    },
    output: "pump",
    told: "10:33:12  REFUSED: pump must stay off for 5000 ms; wanted because a command over MQTT says on (id a-2); allowed from 10:33:17",
    kind: "mqtt",
    source: "mqtt",
    id: "a-2",
    chain: ["mqtt: mqtt (id a-2)"],
    reason: "min_off",
    allowedAt: "2026-11-21T09:33:17.000Z",
  },
  "a command that makes no sense": {
    play: (one) => one.mqtt("lamp", "BLINK"),
    told: "10:33:12  REFUSED: not ON, OFF, TOGGLE, PULSE or a JSON object; wanted because a command came over MQTT",
    kind: "mqtt",
    source: "mqtt",
    chain: ["mqtt: mqtt"],
    reason: "malformed",
  },
  "an ON that waited, and was overtaken": {
    play: (one) => {
      one.control("up", "ON");
      one.mqtt("down", '{"state":"ON","id":"g-1"}');
      one.control("up", "OFF");
    },
    output: "down",
    told: "10:33:12  REFUSED: a newer command came before the dead time was over; wanted because a command over MQTT says on (id g-1)",
    kind: "mqtt",
    source: "mqtt",
    id: "g-1",
    chain: ["mqtt: mqtt (id g-1)"],
    reason: "cancelled",
  },
  "a line that does not move": {
    play: (one) => {
      one.breakOutput("lamp", true);
      one.press("porch", 312, second);
    },
    told: "10:33:12  FAILED: the line does not take it; " + "wanted because porch was pressed (312 ms) and rule porch-lamp says toggle",
    kind: "rule",
    source: "porch-lamp",
    chain: ["input: porch click (312 ms)", "rule: rule porch-lamp"],
    reason: "failed",
  },
};
