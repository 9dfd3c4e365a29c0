import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { eventually } from "../shell/fixture.ts";
import { describeOnBrokers, itOnOtherBrokers, P, startTogether, type Together } from "./on-brokers.ts";

const yaml = `
inputs: { porch: { line: 17, debounce: 0ms } }
outputs:
  lamp: { line: 27 }
  fan: { line: 6 }
  alarm: { line: 5 }
rules: { porch-fan: { when: { input: porch, gesture: press }, do: [{ output: fan, set: toggle }] } }
`;

describeOnBrokers("commands", (on) => {
  let all: Together;
  beforeAll(async () => {
    all = await startTogether(on, yaml, (bus) => bus.send("alarm", "ON", true));
  });
  afterAll(() => all?.stop());
  const stateOf = async (id: string) => (await all.agent.client.request("get", { id })).state;
  const changesOf = async (output: string) => (await all.agent.client.request("why", { output })).map(({ state }) => state);

  itOnOtherBrokers(
    on,
    "a retained ON that was there at the start moves nothing: not delivered with MQTT 5 and by RabbitMQ, refused otherwise",
    async () => {
      const refusal = { id: null, ok: false, reason: "retained", message: expect.stringContaining("publish it without retain") };
      const refused = on.version === "5" || !on.wildcardRetained ? [] : [refusal];
      const served = { id: "live", ok: true, state: "OFF", changed: false };
      // What comes after it on the same connection has been served, so the retained one was not.
      await all.bus.send("alarm", '{"state":"OFF","id":"live"}');
      await eventually(() => all.bus.answers("alarm")).toEqual([...refused, served]);
      expect(await changesOf("alarm")).toEqual([...refused.map(() => "REFUSED"), "OFF"]);
    },
  );

  it("a live command is served, although its publisher set retain", async () => {
    await all.bus.send("lamp", '{"state":"ON","id":"kept"}', true);
    await eventually(() => all.bus.answers("lamp")).toContainEqual({ id: "kept", ok: true, state: "ON", changed: true });
    await all.bus.send("lamp", "", true);
    expect(await all.bus.ask("lamp", '{"state":"OFF","id":"cleared"}')).toMatchObject({ id: "cleared", state: "OFF", changed: true });
  });

  it("one older than command_ttl is refused, a younger one is served", async () => {
    const of = (age: number, id: string) => JSON.stringify({ state: "TOGGLE", id, ts: new Date(Date.now() - age).toISOString() });
    const before = await stateOf("lamp");
    expect(await all.bus.ask("lamp", of(60_000, "old"))).toMatchObject({ id: "old", ok: false, reason: "stale" });
    expect(await stateOf("lamp")).toBe(before);
    expect(await all.bus.ask("lamp", of(0, "young"))).toMatchObject({ id: "young", ok: true, changed: true });
  });

  it("a repeated id gets the first answer again and moves nothing", async () => {
    const first = await all.bus.ask("lamp", '{"state":"TOGGLE","id":"twice"}');
    expect(first).toMatchObject({ id: "twice", ok: true, changed: true });
    expect(await all.bus.ask("lamp", '{"state":"TOGGLE","id":"twice"}')).toEqual(first);
    expect(await stateOf("lamp")).toBe(first.state);
    const refused = await all.bus.ask("lamp", '{"state":"BLINK","id":"wrong"}');
    expect(await all.bus.ask("lamp", '{"state":"ON","id":"wrong"}')).toEqual(refused);
    expect(await stateOf("lamp")).toBe(first.state);
  });

  it("one without a response topic is answered beside it, whatever the version", async () => {
    await all.bus.client.publishAsync(`${P}/out/alarm/set`, '{"state":"ON","id":"beside"}', { qos: 1 });
    const answer = { id: "beside", ok: true, state: "ON", changed: true };
    await eventually(() => all.bus.payloads(`${P}/out/alarm/result`).map((text) => JSON.parse(text))).toContainEqual(answer);
  });

  it.each([
    ["longer than 1,024 characters", `{"state":"ON","cause":"${"x".repeat(2000)}"}`],
    ["200 kB long", `ON${" ".repeat(200_000)}`],
    ["JSON in 500 levels", `{"state":"ON","id":${"[".repeat(500)}${"]".repeat(500)}}`],
    ["no word", "1"],
    ["no UTF-8", Buffer.from("4f4eff", "hex")],
    ["JSON whose id is no UTF-8", Buffer.from('{"state":"ON","id":"\xff"}', "latin1")],
    ["JSON whose cause is no UTF-8", Buffer.from('{"state":"ON","cause":"\xff","id":"c"}', "latin1")],
  ])("one that is %s is refused and answered", async (_, payload) => {
    const before = all.bus.answers("fan").length;
    expect(await all.bus.ask("fan", payload)).toMatchObject({ ok: false, reason: "malformed" });
    expect(all.bus.answers("fan")).toHaveLength(before + 1);
    expect(await stateOf("fan")).toBe("OFF");
  });

  it("1,000 a second for 3 s on one output: each is answered in order, the last state is right, and others are served meanwhile", async () => {
    const { send, answers, newest, payloads } = all.bus;
    const before = answers("lamp").length;
    const word = (index: number) => ((index * 7919) % 3 === 0 ? "OFF" : "ON");
    let sent = 0;
    let least = 3000;
    let served = false;
    const flood = async () => {
      const start = performance.now();
      const acknowledged: Promise<unknown>[] = [];
      while (sent < least || !served) {
        // A machine that is too slow for it gets fewer a second: brokers drop what too much waits before.
        const most = Math.min(performance.now() - start, answers("lamp").length - before + 500);
        for (; sent < most; sent++) acknowledged.push(send("lamp", JSON.stringify({ state: word(sent), id: `n${sent}` })));
        await setTimeout(5);
      }
      await Promise.all(acknowledged);
    };
    const flooding = flood();
    onTestFinished(async () => {
      least = 0;
      served = true;
      await flooding;
    });
    await eventually(() => answers("lamp").length).toBeGreaterThan(before + 500);
    const fan = await stateOf("fan");
    await all.agent.client.request("sim-press", { input: "porch", for_ms: 50 });
    expect(await stateOf("fan")).not.toBe(fan);
    expect(await all.agent.client.request("status", {})).toMatchObject({ health: "ok" });
    served = true;
    await flooding;
    await eventually(() => answers("lamp").length).toBe(before + sent);
    const answered = answers("lamp").slice(before);
    expect(answered.map(({ id, ok, state }) => `${id} ${ok} ${state}`)).toEqual(
      answered.map((_, index) => `n${index} true ${word(index)}`),
    );
    if (on.version === "5") expect(payloads(`${P}/out/lamp/result`)).toEqual([]);
    expect(await stateOf("lamp")).toBe(word(sent - 1));
    await eventually(() => newest(`${P}/out/lamp/state`)).toBe(word(sent - 1));
  });
});
