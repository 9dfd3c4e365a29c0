import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCommands } from "../../../../agent/profile/tasmota/command.ts";
import { type Device, type Moment, powerReplies, type Step, stepsFor, telemetry } from "../../../../agent/profile/tasmota/device.ts";
import { discoveryOf } from "../../../../agent/profile/tasmota/discovery.ts";

const one: Device = {
  topic: "plug_fillerup",
  name: "Fill up",
  relays: 1,
  switches: [],
  buttons: 0,
  group: "tasmotas",
  powerRetain: false,
  tempUnit: "C",
};
const two: Device = { ...one, relays: 2, switches: ["Float"], buttons: 1 };
const off = { on: false, leftMs: 0 };

function moment(changes: Partial<Moment> = {}, facts: Partial<Moment["facts"]> = {}): Moment {
  return {
    relays: [off, off],
    settings: { pulseTime: [0, 0], telePeriod: 300, mem: ["1"] },
    facts: {
      version: "1.0.0",
      time: "2026-11-22T08:52:59",
      utc: "2026-11-22T07:52:59",
      startedUtc: "2026-11-22T07:00:00",
      uptimeS: 93_784,
      restartReason: "Software/System restart",
      bootCount: 4,
      mac: "02A1B2C3D4E5",
      hostname: "garage",
      ip: "192.168.1.50",
      mqtt: { host: "growbuddy", port: 1883, client: "DVES_25EEA5", user: "DVES_USER", count: 1, keepaliveS: 30 },
      wifi: null,
      switches: [false],
      figures: [],
      ...facts,
    },
    ...changes,
  };
}

/** What a device does, one line each. */
function does(name: string, payload: string, device = one, now = moment({ relays: [off] })): string[] {
  const steps: Step[] = [];
  let { settings } = now;
  for (const command of parseCommands(name, payload))
    for (const step of stepsFor(device, { ...now, settings }, command)) {
      steps.push(step);
      if (step.do === "keep") ({ settings } = step);
    }
  return steps.map((step) => {
    if (step.do === "reply") return `${step.reply.topic} ${step.reply.payload}${step.reply.retain ? " retained" : ""}`;
    if (step.do === "switch") return `${step.relay} ${step.word}${step.forMs === null ? "" : ` for ${step.forMs}`}`;
    return `keep ${JSON.stringify(step.settings)}`;
  });
}

describe("tasmota 2: POWER", () => {
  it.each([
    ...["ON", "on", "1", "TRUE", "true"].map((payload) => [payload, "0 ON"]),
    ...["OFF", "0", "False"].map((payload) => [payload, "0 OFF"]),
    ...["TOGGLE", "Toggle", "2"].map((payload) => [payload, "0 TOGGLE"]),
  ])("%s: %s", (payload, step) => {
    expect(does("POWER", payload ?? "")).toEqual([step]);
    expect(does("Power1", payload ?? "")).toEqual([step]);
  });

  it.each(["", "?", "nonsense"])("%j asks for the state: RESULT, then POWER", (payload) =>
    expect(does("power", payload)).toEqual(['stat/plug_fillerup/RESULT {"POWER":"OFF"}', "stat/plug_fillerup/POWER OFF"]),
  );

  it("with two relays the keys and topics have numbers, POWER is the first and POWER0 is all", () => {
    expect(does("POWER2", "ON", two, moment())).toEqual(["1 ON"]);
    expect(does("POWER", "ON", two, moment())).toEqual(["0 ON"]);
    expect(does("POWER0", "TOGGLE", two, moment())).toEqual(["0 TOGGLE", "1 TOGGLE"]);
    expect(powerReplies(two, 1, true).map(({ topic, payload }) => `${topic} ${payload}`)).toEqual([
      'stat/plug_fillerup/RESULT {"POWER2":"ON"}',
      "stat/plug_fillerup/POWER2 ON",
    ]);
  });

  it("a relay that it does not have moves nothing", () => expect(does("POWER9", "ON")).toEqual([]));
  it("says nothing of a relay whose state it does not know", () => expect(powerReplies(one, 0, null)).toEqual([]));
  it("only POWER is retained, and only with power_retain", () =>
    expect(powerReplies({ ...one, powerRetain: true }, 0, true).map(({ retain }) => retain)).toEqual([false, true]));
});

describe("tasmota 4: PulseTime at a relay", () => {
  const settings = { pulseTime: [112], telePeriod: 300, mem: [] };
  it("an ON and a toggle to ON have their end", () => {
    expect(does("POWER", "ON", one, moment({ settings, relays: [off] }))).toEqual(["0 ON for 12000"]);
    expect(does("POWER", "TOGGLE", one, moment({ settings, relays: [off] }))).toEqual(["0 ON for 12000"]);
    expect(does("POWER", "TOGGLE", one, moment({ settings, relays: [{ on: true, leftMs: 5000 }] }))).toEqual(["0 TOGGLE"]);
  });
  it("is told with what is left", () =>
    expect(does("PulseTime1", "", one, moment({ settings, relays: [{ on: true, leftMs: 5040 }] }))).toEqual([
      'stat/plug_fillerup/RESULT {"PulseTime1":{"Set":112,"Remaining":50}}',
    ]));
  it("without a number, of all relays", () =>
    expect(does("PulseTime", "", two, moment())).toEqual([
      'stat/plug_fillerup/RESULT {"PulseTime1":{"Set":0,"Remaining":0},"PulseTime2":{"Set":0,"Remaining":0}}',
    ]));
  it("is stored, and arms the relay that is on at once", () =>
    expect(does("PulseTime", "120", one, moment({ relays: [{ on: true, leftMs: 0 }] }))).toEqual([
      'keep {"pulseTime":[120,0],"telePeriod":300,"mem":["1"]}',
      "0 ON for 20000",
      'stat/plug_fillerup/RESULT {"PulseTime1":{"Set":120,"Remaining":120}}',
    ]));
  it("0 takes the end away", () =>
    expect(does("PulseTime1", "0", one, moment({ settings, relays: [{ on: true, leftMs: 900 }] }))[1]).toBe("0 ON"));
  it.each(["65536", "-1", "ten", "1.5"])("%s is refused and stores nothing", (payload) =>
    expect(does("PulseTime1", payload)).toEqual(['stat/plug_fillerup/RESULT {"Command":"Unknown"}']),
  );
  it("in a Backlog holds for the ON behind it", () =>
    expect(does("Backlog", "PulseTime1 112; POWER1 ON")).toEqual([
      'keep {"pulseTime":[112,0],"telePeriod":300,"mem":["1"]}',
      'stat/plug_fillerup/RESULT {"PulseTime1":{"Set":112,"Remaining":0}}',
      "0 ON for 12000",
    ]));
});

describe("what it tells of itself", () => {
  const json = (name: string, payload: string, device = one, now = moment({ relays: [off] })) =>
    Object.fromEntries(
      does(name, payload, device, now).map((line) => [line.split(" ")[0], JSON.parse(line.slice(line.indexOf(" ") + 1))]),
    ) as Record<string, Record<string, unknown>>;

  it("tasmota 3: STATUS 6 is the customer's sample, letter for letter", () =>
    expect(does("STATUS", "6")).toEqual([
      'stat/plug_fillerup/STATUS6 {"StatusMQT":{"MqttHost":"growbuddy","MqttPort":1883,"MqttClientMask":"DVES_%06X","MqttClient":"DVES_25EEA5","MqttUser":"DVES_USER","MqttCount":1,"MAX_PACKET_SIZE":1200,"KEEPALIVE":30,"SOCKET_TIMEOUT":4}}',
    ]));
  it.each([
    ["", "STATUS", "Status", { Topic: "plug_fillerup", FriendlyName: ["Fill up"], Power: 0 }],
    ["1", "STATUS1", "StatusPRM", { GroupTopic: "tasmotas", RestartReason: "Software/System restart", BootCount: 4 }],
    ["2", "STATUS2", "StatusFWR", { Version: "1.0.0" }],
    ["5", "STATUS5", "StatusNET", { Hostname: "garage", IPAddress: "192.168.1.50", Mac: "02:A1:B2:C3:D4:E5" }],
    ["8", "STATUS8", "StatusSNS", { Time: "2026-11-22T08:52:59" }],
    ["10", "STATUS10", "StatusSNS", { Time: "2026-11-22T08:52:59" }],
    ["11", "STATUS11", "StatusSTS", { POWER: "OFF", UptimeSec: 93_784, Uptime: "1T02:03:04", MqttCount: 1 }],
  ])("tasmota 3: STATUS %j", (payload, topic, key, part) =>
    expect(json("Status", payload)[`stat/plug_fillerup/${topic}`]?.[key]).toMatchObject(part),
  );
  it("tasmota 3: STATUS 0 is all of them in turn", () =>
    expect(Object.keys(json("STATUS", "0")).map((topic) => topic.replace("stat/plug_fillerup/STATUS", ""))).toEqual([
      "",
      "1",
      "2",
      "5",
      "6",
      "8",
      "10",
      "11",
    ]));
  it.each(["None", "99"])("tasmota 5: STATUS %s, as Home Assistant asks, is unknown and harmless", (payload) =>
    expect(does("STATUS", payload)).toEqual(['stat/plug_fillerup/RESULT {"Command":"Unknown"}']),
  );
  it("tasmota 2: STATE answers in RESULT, and leaves out the relay that is not known", () => {
    expect(json("STATE", "")["stat/plug_fillerup/RESULT"]).toMatchObject({ POWER: "OFF" });
    expect(json("STATE", "", one, moment({ relays: [{ on: null, leftMs: 0 }] }))["stat/plug_fillerup/RESULT"]).not.toHaveProperty("POWER");
  });
  it("growbuddy 2.3 and 2.4: SENSOR has switches, values at their paths and the unit; without any of it there is none", () => {
    const figures = [
      { path: ["SCD30", "Temperature"], value: 71.8, isTemperature: true },
      { path: ["SCD30", "Humidity"], value: 61.6, isTemperature: false },
      { path: ["ANALOG", "A0"], value: 542, isTemperature: false },
    ];
    const [, sensor] = telemetry({ ...two, tempUnit: "F" }, moment({}, { figures }));
    expect(sensor?.topic).toBe("tele/plug_fillerup/SENSOR");
    expect(JSON.parse(sensor?.payload ?? "")).toEqual({
      Time: "2026-11-22T08:52:59",
      Float: "OFF",
      SCD30: { Temperature: 71.8, Humidity: 61.6 },
      ANALOG: { A0: 542 },
      TempUnit: "F",
    });
    expect(telemetry(one, moment())).toHaveLength(1);
  });
  it("tasmota 2: TelePeriod: asked for, it tells all now; 1 is the usual one, and nothing is shorter than 10 s", () => {
    expect(does("TelePeriod", "").map((line) => line.split(" ")[0])).toEqual(["stat/plug_fillerup/RESULT", "tele/plug_fillerup/STATE"]);
    expect([["60"], ["1"], ["0"], ["3"], ["9999"]].map(([value]) => does("TelePeriod", value ?? "").at(-1))).toEqual(
      [60, 300, 0, 10, 3600].map((seconds) => `stat/plug_fillerup/RESULT {"TelePeriod":${seconds}}`),
    );
  });
  it("tasmota 2: Mem1 answers at once, takes a new text, and no more of them are there than configured", () => {
    expect(does("Mem1", "")).toEqual(['stat/plug_fillerup/RESULT {"Mem1":"1"}']);
    expect(does("Mem1", "0").at(-1)).toBe('stat/plug_fillerup/RESULT {"Mem1":"0"}');
    expect(does("Mem2", "")).toEqual(['stat/plug_fillerup/RESULT {"Command":"Unknown"}']);
  });
  it.each(["NoSuch", "", "POWER/1", "Upgrade", "__proto__"])("%j is unknown", (name) =>
    expect(does(name, "1")).toEqual(['stat/plug_fillerup/RESULT {"Command":"Unknown"}']),
  );
  it("no command and no payload makes it throw, or say more than its own topics", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 24 }), fc.string({ maxLength: 2000 }), (name, payload) => {
        for (const step of parseCommands(name, payload).flatMap((command) => stepsFor(two, moment(), command)))
          if (step.do === "reply") expect(step.reply.topic).toMatch(/^(stat|tele)\/plug_fillerup\/[A-Z0-9]+$/);
      }),
    );
  });
});

describe("tasmota 5: discovery", () => {
  const example = JSON.parse(readFileSync(new URL("discovery-example.json", import.meta.url), "utf8")) as Record<string, unknown>;
  it("has every key of the accepted example, each of the same kind and length", () => {
    const document = discoveryOf(two, moment().facts);
    expect(Object.keys(document).sort()).toEqual(Object.keys(example).sort());
    for (const [key, value] of Object.entries(example)) {
      expect(typeof document[key]).toBe(typeof value);
      if (Array.isArray(value)) expect(document[key]).toHaveLength(value.length);
    }
    expect(Object.keys(document.so as object).sort()).toEqual(Object.keys(example.so as object).sort());
  });
  it("tells relays, switches and buttons", () =>
    expect(discoveryOf(two, moment().facts)).toMatchObject({
      t: "plug_fillerup",
      mac: "02A1B2C3D4E5",
      rl: [1, 1, 0, 0, 0, 0, 0, 0],
      swc: [1, -1, -1, -1, -1, -1, -1, -1],
      swn: ["Float", null, null, null, null, null, null, null],
      btn: [1, 0, 0, 0, 0, 0, 0, 0],
      ver: 1,
    }));
});
