import type { Action, Answer, Expected, Play } from "./play.ts";

// The tent around the boxes of the examples: docs/growbuddy.md and docs/tasmota.md.

const on = (output: string): Expected => [`P/out/${output}/state`, "ON"];
const off = (output: string): Expected => [`P/out/${output}/state`, "OFF"];

const asks = (command: string, payload: string): Action => ({ say: `cmnd/plug_fillerup/${command}`, payload });
const tells = (name: string, payload: string): Expected => [`stat/plug_fillerup/${name}`, payload];

export const plug: Play = {
  begin: [["tele/plug_fillerup/LWT", "Online"]],
  steps: [
    {
      text: "A controller waters: it sets PulseTime to 3 s, and switches on, with the topics of Tasmota.",
      does: [asks("PulseTime", "30"), asks("POWER", "on")],
      sees: [tells("RESULT", '"PulseTime1":{"Set":30'), on("pump"), tells("POWER", "ON")],
    },
    { text: "The controller dies and never says off: PulseTime ends it.", does: [], sees: [off("pump"), tells("POWER", "OFF")] },
    {
      text: "Somebody presses the button: the pump runs, everybody is told, and PulseTime ends that as well.",
      does: [{ press: "button" }],
      sees: [on("pump"), tells("RESULT", '{"Button1":{"Action":"SINGLE"}}'), off("pump")],
    },
    {
      text: "The controller is back and asks for 100 s; meanwhile the tank is full, and its float stops the pump.",
      does: [asks("PulseTime", "200"), asks("POWER", "on"), { level: "full", active: true, after_ms: 300 }],
      sees: [on("pump"), tells("RESULT", '{"Float":{"Action":"ON"}}'), off("pump"), ["P/out/pump/attr", "rule tank-is-full"]],
    },
    {
      text: "It tries again: with a full tank the pump goes off at once.",
      does: [asks("POWER", "toggle")],
      sees: [on("pump"), off("pump")],
    },
    {
      text: "Somebody asks for status 6, as the document of the tent shows it.",
      does: [asks("status", "6")],
      sees: [tells("STATUS6", '"KEEPALIVE":30')],
    },
    { text: "The tank is not full any more.", does: [{ level: "full", active: false }], sees: [["P/in/full/state", "OFF"]] },
  ],
  end: [["tele/plug_fillerup/LWT", "Offline"]],
};

const light = "snifferbuddy/tent_one/sunshine";
const question: Expected = [`cmnd/${light}/Mem1`, ""];
/** What the device that knows of the light answers; nothing when it is gone. */
const answersLight = (mem1: string | null): Answer => ({
  hears: question,
  does: mem1 === null ? [] : [{ say: `stat/${light}/RESULT`, payload: JSON.stringify({ Mem1: mem1 }) }],
});
const mist = (seconds: string): Action => ({ say: "cmnd/tent_one/mistbuddy_1/ONOFF", payload: seconds });
/** The light has to answer within half a second. */
const again = 4000;

export const mister: Play = {
  answers: [answersLight("1")],
  steps: [
    {
      text: "Somebody asks for 2 s of mist in each minute: it asks for the light, hears that it is day, and mists.",
      does: [mist("2")],
      again,
      sees: [question, on("fan"), on("mister"), ["P/out/mister/attr", "mistbuddy tent, 2 s each minute"], off("fan"), off("mister")],
    },
    { text: "Then for 30 s.", does: [mist("30")], again, sees: [question, on("fan"), on("mister")] },
    { text: "0 stops it.", does: [mist("0")], sees: [off("fan"), off("mister")] },
    {
      text: "Night: the light says 0, and there is no mist.",
      answers: [answersLight("0")],
      does: [mist("30")],
      sees: [question, [`stat/${light}/RESULT`, '{"Mem1":"0"}']],
      never: [on("mister")],
    },
    {
      text: "The light is gone and does not answer: no mist either.",
      answers: [answersLight(null)],
      does: [mist("20")],
      sees: [question],
      never: [on("mister")],
    },
    {
      text: "Somebody presses the button: it mists for ten seconds, also at night.",
      does: [{ press: "button" }],
      sees: [on("fan"), on("mister")],
    },
    { text: "0 stops that as well.", does: [mist("0")], sees: [off("fan"), off("mister")] },
  ],
};

/** A reading of a SnifferBuddy that measures 25 °C and 40 %: too dry. */
const reads = (light: number): Action => ({
  guest: "SnifferBuddy",
  says: [
    "tele/snifferbuddy/SENSOR",
    `{"Time":"2022-09-06T08:52:59","ANALOG":{"A0":${light}},"SCD30":{"CarbonDioxide":814,"Temperature":77,"Humidity":40},"TempUnit":"F"}`,
  ],
});
const lwt = "tele/snifferbuddy/LWT";

export const vpd: Play = {
  sooner: { "sensors.tent.stale_after": "6s" },
  steps: [
    {
      text: "A SnifferBuddy comes: 25 °C, 40 % and light. The air is too dry, so the mister and its fan go on.",
      does: [{ comes: "SnifferBuddy", will: [lwt, "Offline"] }, { guest: "SnifferBuddy", says: [lwt, "Online"], retain: true }, reads(600)],
      sees: [[lwt, "Online"], ["P/sensor/tent-vpd/state", '"vpd":1.7184'], on("mister"), on("fan")],
    },
    {
      text: "The light goes out: no mist.",
      does: [reads(400)],
      sees: [off("mister"), ["P/controller/vpd/state", "its conditions are not met"]],
    },
    { text: "The light is on again.", does: [reads(600)], sees: [on("mister")] },
    {
      text: "The SnifferBuddy falls silent, and says no word of it: its reading is stale, and the mister goes off.",
      does: [],
      sees: [["P/sensor/tent/availability", "offline"], off("mister")],
    },
    { text: "It speaks again.", does: [reads(600)], sees: [["P/sensor/tent/availability", "online"], on("mister")] },
    {
      text: "Its battery is empty: the broker publishes its will, and the mister goes off at once.",
      does: [{ cut: "SnifferBuddy" }],
      sees: [[lwt, "Offline"], off("mister")],
    },
    { text: "Why is the mister as it is? (pinbus why mister)", does: [{ why: "mister" }] },
  ],
};
