import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { observe } from "../../brokers.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { runIn } from "./agent-process.ts";
import { describeOnBrokers, describeOnOtherBrokers, startTogether, type Together, watchAgent } from "./on-brokers.ts";

const plug = "plug_fillerup";
const yaml = `
inputs:
  button: { line: 17, debounce: 0ms }
  float: { line: 22, kind: switch, debounce: 0ms }
outputs:
  pump: { line: 27 }
rules:
  by-hand: { when: { input: button, gesture: press }, do: [{ output: pump, set: toggle }] }
tasmota:
  fillup:
    topic: ${plug}
    relays: [pump]
    switches: [{ input: float, name: Float }]
    buttons: [button]
    mem: [{ input: float }]
`;

describeOnBrokers("a plug of Tasmota", (on) => {
  let all: Together;
  beforeAll(async () => {
    all = await startTogether(on, yaml);
    await vi.waitFor(() => expect(all.bus.newest(`tele/${plug}/LWT`)).toBe("Online"), patience);
    // What it says of itself when it comes may be before its answer, or behind it: SENSOR is the last of that. With its own broker it may have
    // said so before anybody listened: it says it again behind this answer.
    const question = on.startBroker === undefined ? "TelePeriod" : "Mem1";
    await send(question);
    const answered = () => all.bus.payloads(`stat/${plug}/RESULT`).some((payload) => payload.includes(question));
    await vi.waitFor(() => expect([answered(), all.bus.newest(`tele/${plug}/SENSOR`)]).toEqual([true, expect.any(String)]), patience);
  });
  afterAll(() => all?.stop());

  const send = (command: string, payload = "") => all.bus.client.publishAsync(`cmnd/${plug}/${command}`, payload, { qos: 1 });
  /** What it says from now on. */
  const listen = () => {
    const from = all.bus.seen.length;
    return () =>
      all.bus.seen.flatMap(({ topic, payload }, at) =>
        at >= from && topic.startsWith(`stat/${plug}/`) ? `${topic.slice(`stat/${plug}/`.length)} ${payload}` : [],
      );
  };
  const [resultOn, resultOff] = ['RESULT {"POWER":"ON"}', 'RESULT {"POWER":"OFF"}'];

  it("tasmota 2: two quick toggles: two replies, RESULT then POWER, in order, after the pin", async () => {
    const { moves, close } = await watchAgent(all.agent);
    onTestFinished(close);
    const said = listen();
    await Promise.all([send("POWER", "toggle"), send("Power1", "TOGGLE")]);
    await eventually(said).toEqual([resultOn, "POWER ON", resultOff, "POWER OFF"]);
    await eventually(() => moves("pump")).toEqual(["pump on", "pump off"]);
  });

  it("tasmota 2 and growbuddy 7.2: an empty payload asks, and moves nothing", async () => {
    const said = listen();
    await send("POWER");
    await eventually(said).toEqual([resultOff, "POWER OFF"]);
  });

  it("tasmota 6: a local button is told as well, with its click", async () => {
    const said = listen();
    await all.agent.client.request("sim-press", { input: "button", for_ms: 50 });
    await eventually(said).toEqual([resultOn, "POWER ON", 'RESULT {"Button1":{"Action":"SINGLE"}}']);
    await send("POWER", "OFF");
    await eventually(said).toContain("POWER OFF");
  });

  it("tasmota 4 and growbuddy 4.5: PulseTime ends what was switched on, by the button too, and says what is left", async () => {
    const said = listen();
    await send("PulseTime1", "3");
    await send("POWER", "ON");
    await eventually(said).toEqual(['RESULT {"PulseTime1":{"Set":3,"Remaining":0}}', resultOn, "POWER ON", resultOff, "POWER OFF"]);
    const byHand = listen();
    await all.agent.client.request("sim-press", { input: "button", for_ms: 30 });
    await eventually(() => byHand().filter((line) => line.startsWith("POWER"))).toEqual(["POWER ON", "POWER ON", "POWER OFF"]);
    await send("PulseTime1", "0");
    await eventually(said).toContain('RESULT {"PulseTime1":{"Set":0,"Remaining":0}}');
  });

  it.each([
    ["a command to the output itself", () => all.bus.send("pump", "ON")],
    ["a Backlog whose PulseTime comes behind its ON", () => send("Backlog", "POWER ON;PulseTime1 2")],
  ])("tasmota 4: PulseTime ends what %s has switched on", async (_, on) => {
    await send("PulseTime1", "2");
    const said = listen();
    await on();
    await eventually(() =>
      said()
        .filter((line) => line.startsWith("POWER"))
        .at(-1),
    ).toBe("POWER OFF");
    expect(said()).toContain("POWER ON");
    await send("PulseTime1", "0");
    await eventually(said).toContain('RESULT {"PulseTime1":{"Set":0,"Remaining":0}}');
  });

  it("tasmota 4: an end that is not PulseTime's own is left alone by PulseTime1 0", async () => {
    const said = listen();
    await all.bus.send("pump", '{"state":"ON","for_ms":400}');
    await eventually(said).toContain("POWER ON");
    await send("PulseTime1", "0");
    await eventually(() =>
      said()
        .filter((line) => line.startsWith("POWER"))
        .at(-1),
    ).toBe("POWER OFF");
  });

  it("tasmota 6: group and fallback topics", async () => {
    const discovery = all.bus.seen.find(({ topic }) => /^tasmota\/discovery\/[0-9A-F]{12}\/config$/.test(topic));
    const mac = JSON.parse(String(discovery?.payload)).mac as string;
    expect(discovery?.topic).toBe(`tasmota/discovery/${mac}/config`);
    const said = listen();
    await all.bus.client.publishAsync("cmnd/tasmotas/POWER", "ON", { qos: 1 });
    await eventually(said).toEqual([resultOn, "POWER ON"]);
    await all.bus.client.publishAsync(`cmnd/DVES_${mac.slice(6)}_fb/POWER`, "OFF", { qos: 1 });
    await eventually(said).toContain("POWER OFF");
  });

  it("growbuddy 4.3: Mem1 says how the light is, and a switch is told under its name", async () => {
    const said = listen();
    await send("Mem1");
    await eventually(said).toEqual(['RESULT {"Mem1":"0"}']);
    // It is answered when it is let go of, which is later than this test needs.
    all.agent.client.request("sim-press", { input: "float", for_ms: 60_000 }).catch(() => undefined);
    await eventually(said).toContain('RESULT {"Float":{"Action":"ON"}}');
    await send("Mem1");
    await eventually(said).toContain('RESULT {"Mem1":"1"}');
  });

  it("a device whose topic is longer is somebody else", async () => {
    const said = listen();
    await all.bus.client.publishAsync(`cmnd/${plug}/sub/POWER`, "ON", { qos: 1 });
    await send("NoSuch");
    await eventually(said).toEqual(['RESULT {"Command":"Unknown"}']);
  });
});

describeOnOtherBrokers("a plug of Tasmota that comes and goes", (on) => {
  it("tasmota 6: a retained command is ignored; Offline is said at an orderly stop, and by the will at a kill", async () => {
    const all = await startTogether(on, yaml, (bus) => bus.client.publishAsync(`cmnd/${plug}/POWER`, "ON", { qos: 1, retain: true }));
    onTestFinished(() => all.stop());
    await eventually(() => all.bus.newest(`tele/${plug}/STATE`)).toContain('"POWER":"OFF"');
    await all.bus.client.publishAsync(`cmnd/${plug}/POWER`, "", { qos: 1, retain: true });
    await eventually(() => all.bus.newest(`stat/${plug}/POWER`)).toBe("OFF");
    expect(all.bus.payloads(`stat/${plug}/POWER`)).not.toContain("ON");
    all.agent.child.kill("SIGKILL");
    await eventually(() => all.bus.newest(`tele/${plug}/LWT`)).toBe("Offline");
    const late = await observe(all, `tele/${plug}/LWT`);
    onTestFinished(() => late.stop());
    await eventually(() => late.seen.map(({ payload, retain }) => [payload, retain])).toEqual([["Offline", true]]);
    const again = await on.startAgent(yaml, all.broker?.port ?? 0);
    onTestFinished(() => again.clean());
    await eventually(() => all.bus.newest(`tele/${plug}/LWT`)).toBe("Online");
    again.child.kill("SIGTERM");
    await eventually(() => all.bus.newest(`tele/${plug}/LWT`)).toBe("Offline");
  });

  // Where the broker gives what is retained to a wide filter.
  if (on.wildcardRetained) {
    it("retained: accept takes a retained POWER, and nothing in a retained Backlog", async () => {
      const two = yaml
        .replace("pump: { line: 27 }", "pump: { line: 27 }\n  fan: { line: 5 }")
        .replace("relays: [pump]", "relays: [pump, fan]\n    retained: accept");
      const all = await startTogether(on, two, async ({ client }) => {
        await client.publishAsync(`cmnd/${plug}/Backlog`, "POWER2 ON", { qos: 1, retain: true });
        await client.publishAsync(`cmnd/${plug}/POWER1`, "ON", { qos: 1, retain: true });
      });
      onTestFinished(() => all.stop());
      await eventually(() => all.bus.newest(`stat/${plug}/POWER1`)).toBe("ON");
      await all.bus.client.publishAsync(`cmnd/${plug}/PulseTime2`, "", { qos: 1 });
      await eventually(() => all.bus.newest(`stat/${plug}/RESULT`)).toContain("PulseTime2");
      expect(all.bus.payloads(`stat/${plug}/POWER2`)).not.toContain("ON");
    });
  }

  it("tasmota 5: a device that is not configured any more is taken back at the next start", async () => {
    const all = await startTogether(on, yaml);
    onTestFinished(() => all.stop());
    const announced = () => all.bus.seen.filter(({ topic }) => topic.startsWith("tasmota/discovery/"));
    await eventually(() => all.bus.newest(`tele/${plug}/LWT`)).toBe("Online");
    await eventually(() => announced().length).toBe(2);
    const topics = announced().map(({ topic }) => topic);
    all.agent.child.kill("SIGTERM");
    await all.agent.done;
    writeFileSync(all.agent.config, readFileSync(all.agent.config, "utf8").replace(/^tasmota:[\s\S]*/m, ""));
    const again = await runIn(all.agent.folder);
    onTestFinished(() => again.clean());
    await eventually(() => topics.map((topic) => all.bus.newest(topic))).toEqual(["", ""]);
  });

  it("what was set from afar holds after a restart, and a value that is measured stands in SENSOR while it holds", async () => {
    const more = `${yaml}    sensors: [{ path: DS18B20.Temperature, sensor: attic }]
    temp_unit: F
sensors: { attic: { driver: thermal, zone: cpu-thermal, every: 1s } }
`;
    const all = await startTogether(on, more);
    onTestFinished(() => all.stop());
    const send = (command: string, payload = "") => all.bus.client.publishAsync(`cmnd/${plug}/${command}`, payload, { qos: 1 });
    const results = () => all.bus.payloads(`stat/${plug}/RESULT`);
    await eventually(() => all.bus.newest(`tele/${plug}/LWT`)).toBe("Online");
    await send("PulseTime1", "130");
    await eventually(results).toContain('{"PulseTime1":{"Set":130,"Remaining":0}}');
    await all.agent.client.request("sim-sensor", { sensor: "attic", to: 20 });
    await send("STATUS", "10");
    await eventually(() => JSON.parse(all.bus.newest(`stat/${plug}/STATUS10`) ?? "{}").StatusSNS).toMatchObject({
      DS18B20: { Temperature: 68 },
      TempUnit: "F",
    });
    all.agent.child.kill("SIGTERM");
    await all.agent.done;
    const again = await runIn(all.agent.folder);
    onTestFinished(() => again.clean());
    await eventually(() => all.bus.payloads(`tele/${plug}/LWT`).slice(-2)).toEqual(["Offline", "Online"]);
    await send("PulseTime1");
    const kept = '{"PulseTime1":{"Set":130,"Remaining":0}}';
    await eventually(() => results().filter((text) => text.includes("PulseTime1"))).toEqual([kept, kept]);
    await send("STATUS", "10");
    await eventually(() => all.bus.payloads(`stat/${plug}/STATUS10`).length).toBe(2);
    // Nothing has been read since.
    expect(all.bus.newest(`stat/${plug}/STATUS10`)).not.toContain("DS18B20");
  });
});
