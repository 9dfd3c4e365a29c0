import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { plugIn, type TasmotaPlug } from "../../twin/tasmota-plug.ts";
import { eventually } from "../shell/fixture.ts";
import { describeOnBrokers, P, startTogether, type Together } from "./on-brokers.ts";

const yaml = `
outputs:
  mister: { plug: mister_plug, max_on: 2m, pulse: 5s }
  fan: { plug: { topic: strip, relay: 2, failsafe: 10s } }
`;

describeOnBrokers("plugs as outputs", (on) => {
  let world: Together;
  let mister: TasmotaPlug;
  let strip: TasmotaPlug;
  let asked = 0;

  beforeAll(async () => {
    world = await startTogether(on, yaml);
    mister = await plugIn({ url: world.url, topic: "mister_plug" });
    strip = await plugIn({ url: world.url, topic: "strip", relays: 2, powerOn: true });
  });
  beforeEach(async () => {
    await state("mister").not.toBe("UNKNOWN");
    await state("fan").not.toBe("UNKNOWN");
    for (const output of ["mister", "fan"]) await ask(output, "OFF");
  });
  afterAll(async () => {
    await mister?.stop();
    await strip?.stop();
    await world?.stop();
  });

  // With an id, so that it is answered without a response topic, too.
  const ask = (output: string, state: "ON" | "OFF") => world.bus.ask(output, JSON.stringify({ state, id: `${++asked}` }));
  const state = (output: string) => eventually(() => world.bus.newest(`${P}/out/${output}/state`));
  /** Questions are left out: when it is asked is nobody's concern. */
  const told = ({ commands }: TasmotaPlug, from: number) => commands.slice(from).filter((command) => command.includes(" "));
  const why = async (output: string) => (await world.agent.client.request("why", { output })).map(({ text }) => text);

  it("tasmota 7: arms PulseTime, then switches, retains nothing, and believes what the plug says", async () => {
    const before = mister.commands.length;
    expect(await ask("mister", "ON")).toMatchObject({ ok: true, state: "ON", changed: true });
    expect(mister.on).toEqual([true]);
    expect(await ask("mister", "OFF")).toMatchObject({ ok: true, state: "OFF" });
    expect(told(mister, before)).toEqual(["PulseTime 220", "POWER ON", "POWER OFF"]);
    expect([...mister.retained, ...strip.retained]).toEqual([]);
    await state("mister").toBe("OFF");
  });

  it("follows the button of the plug, says so, and keeps max_on there as well", async () => {
    const before = mister.commands.length;
    mister.press();
    await state("mister").toBe("ON");
    await eventually(() => world.bus.attr("mister")).toMatchObject({ kind: "plug", until: expect.any(String) });
    await eventually(() => told(mister, before)).toEqual(["PulseTime 220"]);
    expect(await why("mister")).toContainEqual("ON because somebody switched it on at the plug; ends by max_on");
    mister.press();
    await state("mister").toBe("OFF");
  });

  it("switches the relay that is meant, and arms it again while it stays on", async () => {
    const before = strip.commands.length;
    await ask("fan", "ON");
    expect(strip.on).toEqual([true, true]);
    await eventually(() => told(strip, before)).toEqual(["PulseTime2 100", "POWER2 ON", "PulseTime2 100"]);
    await ask("fan", "OFF");
    // The first relay is nobody's.
    expect(strip.on).toEqual([true, false]);
  });

  it("tasmota 7: knows nothing of a plug that is offline, says so, and switches it off when it is back", async () => {
    await ask("mister", "ON");
    await mister.cutOff();
    await state("mister").toBe("UNKNOWN");
    const { problems } = await world.agent.client.request("status", {});
    expect(problems).toContain("output mister: the plug is offline");
    expect(problems).toContain("peer mister is offline");
    expect(await ask("mister", "OFF")).toMatchObject({ ok: false, reason: "failed" });
    expect(mister.on).toEqual([true]);
    await mister.comeBack();
    await state("mister").toBe("OFF");
    expect(mister.on).toEqual([false]);
    await eventually(() => world.agent.stdout + world.agent.stderr).toContain("output mister: the plug is offline");
  });

  it("follows a plug that was without power, and switches one off that comes on with it", async () => {
    mister.press();
    await state("mister").toBe("ON");
    await mister.restart();
    await state("mister").toBe("OFF");
    await strip.restart();
    await eventually(() => strip.on).toEqual([true, false]);
    await state("fan").toBe("OFF");
  });

  it("takes no notice of what is retained, and of what makes no sense", async () => {
    mister.say("stat/mister_plug/POWER", "ON", true);
    mister.say("stat/mister_plug/RESULT", "{".repeat(3000));
    mister.say("stat/mister_plug/RESULT", '{"POWER":{"POWER":1}}');
    mister.say("stat/mister_plug/RESULT", '{"PulseTime1":{"Set":220,"Remaining":0}}');
    await eventually(() => world.agent.stdout + world.agent.stderr).toContain("the plug of mister said what makes no sense");
    expect(await ask("mister", "OFF")).toMatchObject({ ok: true, state: "OFF" });
  });

  it("fails what a plug does not confirm", async () => {
    mister.deaf = true;
    expect(await ask("mister", "ON")).toMatchObject({ ok: false, reason: "failed" });
    mister.deaf = false;
    await eventually(() => told(mister, 0).at(-1)).toBe("POWER OFF");
    await state("mister").toBe("OFF");
  });
});
