import type { Play } from "./play.ts";

/** What `pinbus demo` plays without an example. */
export const demoPlay: Play = {
  steps: [
    {
      text: "Somebody presses the button porch for 150 ms; its contact bounces. The rule porch-lamp switches the lamp.",
      does: [{ press: "porch" }],
      sees: [
        ["P/out/lamp/state", "ON"],
        ["P/out/lamp/attr", "rule porch-lamp"],
        ["P/in/porch/event", "press_end"],
      ],
    },
    {
      text: "Somebody publishes OFF to P/out/lamp/set.",
      does: [{ set: "lamp", to: "OFF" }],
      sees: [
        ["P/out/lamp/state", "OFF"],
        ["P/out/lamp/attr", '"cause":"mqtt"'],
      ],
    },
    {
      text: "A command from an hour ago arrives: it is refused and answered, and the lamp stays off.",
      does: [{ set: "lamp", to: "ON", age_ms: 3_600_000 }],
      sees: [["P/out/lamp/result", '"reason":"stale"']],
      never: [["P/out/lamp/state", "ON"]],
    },
    {
      text: "Somebody clicks the button bell. The gate gets a pulse of 500 ms, which ends by itself.",
      does: [{ press: "bell" }],
      sees: [
        ["P/out/gate/state", "ON"],
        ["P/in/bell/event", "press_end"],
        ["P/out/gate/state", "OFF"],
        ["P/out/gate/attr", "pulse ended"],
      ],
    },
    { text: "Why is the gate as it is? (pinbus why gate)", does: [{ why: "gate" }] },
  ],
};

export const doorbell: Play = {
  steps: [
    {
      text: "A visitor rings: the chime sounds for 800 ms, and the lamp flashes.",
      does: [{ press: "bell" }],
      sees: [
        ["P/in/bell/event", '"event_type":"ring"'],
        ["P/out/chime/state", "ON"],
        ["P/out/lamp/state", "ON"],
        ["P/out/chime/state", "OFF"],
        ["P/out/lamp/state", "OFF"],
      ],
    },
    {
      text: "Somebody in the kitchen rings too: PULSE to P/out/chime/set.",
      does: [{ set: "chime", to: "PULSE" }],
      sees: [
        ["P/out/chime/state", "ON"],
        ["P/out/chime/attr", '"cause":"mqtt"'],
        ["P/out/chime/state", "OFF"],
      ],
    },
    { text: "The switch in the hall is set to quiet.", does: [{ level: "quiet", active: true }], sees: [["P/in/quiet/state", "ON"]] },
    {
      text: "The next visitor rings: the lamp flashes, and the chime keeps quiet.",
      does: [{ press: "bell" }],
      sees: [
        ["P/in/bell/event", '"event_type":"ring"'],
        ["P/out/lamp/state", "ON"],
        ["P/out/lamp/state", "OFF"],
        ["P/out/lamp/state", "ON"],
      ],
      never: [["P/out/chime/state", "ON"]],
    },
    { text: "The switch is set back.", does: [{ level: "quiet", active: false }], sees: [["P/in/quiet/state", "OFF"]] },
  ],
};

/** The drive of the gate: a pulse moves it to that end, where a contact closes. */
const drive = (relay: string, from: string, to: string) => ({
  hears: [`P/out/${relay}/state`, "ON"] as const,
  does: [
    { level: from, active: false },
    { level: to, active: true, after_ms: 400 },
  ],
});

export const garageGate: Play = {
  answers: [drive("gate-open", "closed", "opened"), drive("gate-close", "opened", "closed")],
  steps: [
    { text: "The gate is closed: its contact says so.", does: [{ level: "closed", active: true }], sees: [["P/in/closed/state", "ON"]] },
    {
      text: "Somebody presses the button: the gate opens, and the light goes on.",
      does: [{ press: "button" }],
      sees: [
        ["P/out/gate-open/state", "ON"],
        ["P/in/closed/state", "OFF"],
        ["P/out/light/state", "ON"],
        ["P/out/gate-open/state", "OFF"],
        ["P/in/opened/state", "ON"],
      ],
      never: [["P/out/gate-close/state", "ON"]],
    },
    {
      text: "Somebody presses it again: the gate closes.",
      does: [{ press: "button" }],
      sees: [
        ["P/out/gate-close/state", "ON"],
        ["P/in/opened/state", "OFF"],
        ["P/out/gate-close/state", "OFF"],
        ["P/in/closed/state", "ON"],
      ],
      never: [["P/out/gate-open/state", "ON"]],
    },
    {
      text: "A hub asks for both ways at once: the last word counts, after the dead time.",
      does: [
        { set: "gate-open", to: "PULSE" },
        { set: "gate-close", to: "PULSE" },
      ],
      sees: [
        ["P/out/gate-close/state", "ON"],
        ["P/out/gate-close/state", "OFF"],
      ],
    },
    { text: "Why is the relay as it is? (pinbus why gate-close)", does: [{ why: "gate-close" }] },
  ],
};

export const garden: Play = {
  steps: [
    {
      text: "Somebody in the shed presses the button of the beds: their valve opens.",
      does: [{ press: "beds-button" }],
      sees: [["P/out/beds/state", "ON"]],
    },
    {
      text: "Then the button of the lawn: the pressure is enough for one, so the beds close first.",
      does: [{ press: "lawn-button" }],
      sees: [
        ["P/out/beds/state", "OFF"],
        ["P/out/lawn/state", "ON"],
      ],
    },
    {
      text: "It begins to rain: the watering ends.",
      does: [{ level: "rain", active: true }],
      sees: [
        ["P/in/rain/state", "ON"],
        ["P/out/lawn/state", "OFF"],
      ],
    },
    { text: "In the shed it is 12.4 °C.", does: [{ sensor: "shed", reads: 12.4 }], sees: [["P/sensor/shed/state", "12.4"]] },
    { text: "The rain is over.", does: [{ level: "rain", active: false }], sees: [["P/in/rain/state", "OFF"]] },
  ],
};

export const waterMeter: Play = {
  steps: [
    {
      text: "Somebody tells it once what the dial says: 123.456 m³.",
      does: [{ say: "P/counter/meter/set", payload: "123.456" }],
      sees: [["P/counter/meter/state", '"total":123.456']],
    },
    {
      text: "Four litres flow: four pulses.",
      does: [{ pulses: "meter", count: 4 }],
      sees: [["P/counter/meter/state", '"total":123.46']],
    },
    {
      text: "There is water on the floor: the valve closes, the alarm sounds, and somebody is told.",
      does: [{ level: "leak", active: true }],
      sees: [
        ["P/in/leak/state", "ON"],
        ["P/out/valve/state", "ON"],
        ["P/out/alarm/state", "ON"],
        ["home/notify", "water on the floor"],
      ],
    },
    {
      text: "The floor is dry again. The valve stays closed.",
      does: [{ level: "leak", active: false }],
      sees: [["P/in/leak/state", "OFF"]],
      never: [["P/out/valve/state", "OFF"]],
    },
    {
      text: "Only a person opens it: OFF to P/out/valve/set.",
      does: [
        { set: "valve", to: "OFF" },
        { set: "alarm", to: "OFF" },
      ],
      sees: [
        ["P/out/valve/state", "OFF"],
        ["P/out/alarm/state", "OFF"],
      ],
    },
  ],
};

export const piHealth: Play = {
  steps: [
    { text: "The processor has 48.3 °C.", does: [{ sensor: "cpu", reads: 48.3 }], sees: [["P/sensor/cpu/state", "48.3"]] },
    {
      text: "Its sensor fails: the health says so.",
      does: [{ sensor: "cpu", reads: { fail: "no such zone" } }],
      sees: [
        ["P/sensor/cpu/availability", "offline"],
        ["P/health", "no such zone"],
      ],
    },
    { text: "It works again.", does: [{ sensor: "cpu", reads: 51.2 }], sees: [["P/sensor/cpu/availability", "online"]] },
    {
      text: "A monitor asks for everything again.",
      does: [{ say: "P/cmd/resync", payload: "" }],
      sees: [
        ["P/info", '"sensors":["cpu"]'],
        ["P/out/trouble/state", "OFF"],
      ],
    },
    { text: "And for a report.", does: [{ say: "P/cmd/diag", payload: "" }], sees: [["P/cmd/diag/result", '"ok":true']] },
  ],
};
