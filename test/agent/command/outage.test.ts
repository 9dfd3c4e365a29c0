import { expect, it, onTestFinished } from "vitest";
import { startProxy } from "../../fault-proxy.ts";
import { eventually } from "../shell/fixture.ts";
import { describeOnOtherBrokers, joinBus, P, startTogether, watchAgent } from "./on-brokers.ts";

const after = 1000;
const yaml = `
inputs: { porch: { line: 17, debounce: 0ms } }
outputs:
  pump: { line: 5, on_broker_lost: { after: ${after}ms, do: off } }
  vent: { line: 6, on_broker_lost: { after: ${after}ms, do: on } }
  siren: { line: 13, on_broker_lost: { after: ${after}ms, do: keep } }
  lamp: { line: 27 }
rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
`;
const failsafe = { cause: "broker lost", kind: "failsafe", detail: "for 1 s", source: "broker lost" };

describeOnOtherBrokers("a broker that is lost for longer than on_broker_lost says", (on) => {
  it("and is stopped: outputs go where the contract says; back again it is told so, and nothing moves by itself", async () => {
    const { agent, bus, broker, stop } = await startTogether(on, yaml);
    onTestFinished(stop);
    for (const output of ["pump", "siren", "lamp"]) await bus.ask(output, '{"state":"ON","id":"before"}');
    const { moves, times, events, close } = await watchAgent(agent);
    onTestFinished(close);
    await broker?.stop();
    await eventually(() => moves().sort()).toEqual(["pump off", "vent on"]);
    const lost = events.find(({ type, online }) => type === "link-changed" && online === false)?.at ?? 0;
    for (const output of ["pump", "vent"]) expect((times(output)[0] ?? 0) - lost).toBeGreaterThanOrEqual(after);
    await agent.client.request("sim-press", { input: "porch" });
    expect(await agent.client.request("get", { id: "lamp" })).toMatchObject({ state: "OFF" });

    const again = await on.startBroker(broker?.port);
    onTestFinished(() => again.stop());
    const back = await joinBus(again.url, on.version);
    onTestFinished(() => back.stop());
    // The longer it was away the longer the agent waits between two tries.
    await eventually(() => back.newest(`${P}/status`)).toBe("online");
    const late = await joinBus(again.url, on.version);
    onTestFinished(() => late.stop());
    const outputs = ["pump", "vent", "siren", "lamp"];
    if (!on.wildcardRetained)
      await late.client.subscribeAsync(
        outputs.flatMap((id) => [`${P}/out/${id}/state`, `${P}/out/${id}/attr`]),
        { qos: 1 },
      );
    const states = () => outputs.map((id) => late.newest(`${P}/out/${id}/state`));
    await eventually(states).toEqual(["OFF", "ON", "ON", "OFF"]);
    await eventually(() => [late.attr("pump"), late.attr("vent")]).toMatchObject([failsafe, failsafe]);
    expect([late.attr("siren"), late.attr("lamp")]).toMatchObject([{ kind: "mqtt", id: "before" }, { kind: "rule" }]);
    expect(late.seen.filter(({ topic, retain }) => topic.startsWith(`${P}/out/`) && !retain)).toEqual([]);
    await eventually(() => moves().sort()).toEqual(["lamp off", "pump off", "vent on"]);
    expect(await late.ask("pump", '{"state":"ON","id":"after"}')).toMatchObject({ ok: true, changed: true });
    await eventually(() => moves().slice(3)).toEqual(["pump on"]);
  });

  it("and was only cut off: what it kept is corrected, and no command from meanwhile is served", async () => {
    const broker = await on.startBroker();
    const proxy = await startProxy(broker.port);
    onTestFinished(() => proxy.stop());
    const startBroker = async () => ({ ...broker, port: Number(new URL(proxy.url).port) });
    const { agent, bus, stop } = await startTogether({ ...on, startBroker }, yaml);
    onTestFinished(stop);
    for (const output of ["pump", "lamp"]) await bus.ask(output, '{"state":"ON","id":"before"}');
    const { moves, close } = await watchAgent(agent);
    onTestFinished(close);
    proxy.open = false;
    proxy.cut();
    await eventually(() => moves().sort()).toEqual(["pump off", "vent on"]);
    await bus.send("lamp", '{"state":"OFF","id":"meanwhile"}');
    await bus.send("pump", '{"state":"ON","id":"kept"}', true);
    expect(bus.newest(`${P}/out/pump/state`)).toBe("ON");
    const asked = bus.answers("pump").length;
    proxy.open = true;
    await eventually(() => bus.newest(`${P}/out/pump/state`)).toBe("OFF");
    await eventually(() => [bus.attr("pump"), bus.attr("vent")]).toMatchObject([failsafe, failsafe]);
    const refused = on.version === "5" || !on.wildcardRetained ? [] : [{ id: "kept", ok: false, reason: "retained" }];
    await eventually(() => bus.answers("pump").slice(asked)).toMatchObject(refused);
    await eventually(async () => (await agent.client.request("status", {})).link.online).toBe(true);
    expect(await bus.ask("lamp", '{"state":"OFF","id":"after"}')).toMatchObject({ id: "after", ok: true, changed: true });
    await eventually(() => moves().slice(2)).toEqual(["lamp off"]);
    expect(bus.answers("pump").slice(asked)).toMatchObject(refused);
  });
});
