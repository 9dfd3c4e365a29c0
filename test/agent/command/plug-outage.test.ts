import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, startMosquitto } from "../../brokers.ts";
import { plugIn, type TasmotaPlug } from "../../twin/tasmota-plug.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { killAndStartAgain, pinbus, runIn, startAgent } from "./agent-process.ts";
import { joinBus, P } from "./on-brokers.ts";

async function together(outputs: string) {
  const broker = await startMosquitto();
  const ends: (() => Promise<unknown>)[] = [() => broker.stop()];
  onTestFinished(async () => {
    for (const end of ends.reverse()) await end();
  });
  const join = async () => {
    const bus = await joinBus(broker.url, "5");
    ends.push(() => bus.stop());
    return bus;
  };
  const plug = await plugIn({ url: broker.url, topic: "mister_plug" });
  ends.push(() => plug.stop());
  const agent = await startAgent(
    `node: garage\ngpio: { driver: sim }\nmqtt: { server: 127.0.0.1, port: ${broker.port} }\noutputs:\n  mister: ${outputs}\n`,
  );
  ends.push(agent.clean);
  const bus = await join();
  await state(bus, "OFF");
  return { broker, agent, bus, plug, join, ends };
}

const state = (bus: Awaited<ReturnType<typeof joinBus>>, word: string) =>
  vi.waitFor(() => expect(bus.newest(`${P}/out/mister/state`)).toBe(word), patience);
const lastMove = (plug: TasmotaPlug) => plug.moves.at(-1);

describeMosquitto("plugs, when something goes", () => {
  it("tasmota 7: ends a plug by its PulseTime when this machine dies", async () => {
    const { agent, bus, plug } = await together("{ plug: mister_plug, max_on: 1s }");
    await bus.ask("mister", "ON");
    const from = lastMove(plug)?.at ?? 0;
    agent.child.kill("SIGKILL");
    await vi.waitFor(() => expect(lastMove(plug)).toMatchObject({ on: false, by: "pulse" }), patience);
    expect((lastMove(plug)?.at ?? 0) - from).toBeGreaterThanOrEqual(999);
    expect(plug.commands).toContain("PulseTime 10");
  });

  it("takes a plug that comes with a reload, knows it as a peer, and lets go of it switched off", async () => {
    const { agent, broker, bus, ends } = await together("{ plug: mister_plug, max_on: 1h }");
    const strip = await plugIn({ url: broker.url, topic: "strip", relays: 2, powerOn: true });
    ends.push(() => strip.stop());
    const before = readFileSync(agent.config, "utf8");
    const fan = "  fan: { plug: { topic: strip, relay: 2 }, max_on: 1h }\n";
    const alarm = "rules: { gone: { when: { peer: fan, is: offline }, do: [{ publish: alarm, payload: fan }] } }\n";
    writeFileSync(agent.config, `${before}${fan}${alarm}`);
    expect(await agent.ask("reload")).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(strip.on).toEqual([true, false]), patience);
    await bus.ask("fan", "ON");
    const { peers } = await agent.client.request("status", {});
    expect(peers.map(({ id, state }) => [id, state])).toEqual([
      ["mister", "online"],
      ["fan", "online"],
    ]);
    await strip.cutOff();
    await vi.waitFor(() => expect(bus.newest("alarm")).toBe("fan"), patience);
    await strip.comeBack();
    await vi.waitFor(async () => expect(await bus.ask("fan", "ON")).toMatchObject({ ok: true }), patience);
    writeFileSync(agent.config, before);
    expect(await agent.ask("reload")).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(strip.on).toEqual([true, false]), patience);
    writeFileSync(agent.config, before.replace("mister_plug", "other_plug"));
    expect((await agent.ask("reload")).stderr).toContain("outputs.mister.plug: mister_plug -> other_plug: restart the agent to apply it");
  });

  it("switches a plug off that was removed while it was away", async () => {
    const { agent, plug, bus } = await together("{ plug: mister_plug, max_on: 1h, on_start: keep }");
    await bus.ask("mister", "ON");
    await plug.cutOff();
    await state(bus, "UNKNOWN");
    const before = readFileSync(agent.config, "utf8");
    writeFileSync(agent.config, before.replace("mister: { plug: mister_plug, max_on: 1h, on_start: keep }", "lamp: { line: 17 }"));
    expect(await agent.ask("reload")).toMatchObject({ code: 0 });
    await eventually(() => agent.stderr).toContain("it is switched off as soon as it is heard");
    expect(plug.on).toEqual([true]);
    await plug.comeBack();
    await vi.waitFor(() => expect(agent.stderr).toContain("the plug of mister, which is no longer configured, is off"), patience);
    expect(lastMove(plug)).toMatchObject({ on: false, by: "command" });
  });

  it("switches a plug off that missed an OFF before the agent was killed, although its start would keep it on", async () => {
    const { agent, plug, bus, ends } = await together("{ plug: mister_plug, max_on: 1h, on_start: keep }");
    await bus.ask("mister", "ON");
    await plug.cutOff();
    await state(bus, "UNKNOWN");
    expect(await bus.ask("mister", "OFF")).toMatchObject({ ok: false });
    const kept = join(agent.folder, "state", "plugs.json");
    await eventually(() => existsSync(kept)).toBe(true);
    const again = await killAndStartAgain(agent);
    ends.push(again.clean);
    await plug.comeBack();
    await eventually(() => plug.on).toEqual([false]);
    await eventually(() => readFileSync(kept, "utf8")).toBe("{}\n");
    expect(lastMove(plug)).toMatchObject({ on: false, by: "command" });
  });

  it("switches a plug off that was sent an OFF and did nothing, although the agent was killed that moment and its start would keep it on", async () => {
    const { agent, plug, bus, ends } = await together("{ plug: mister_plug, max_on: 1h, on_start: keep }");
    await bus.ask("mister", "ON");
    plug.deaf = true;
    void bus.client.publishAsync(`${P}/out/mister/set`, "OFF");
    await vi.waitFor(() => expect(bus.newest("cmnd/mister_plug/POWER")).toBe("OFF"), { ...patience, interval: 1 });
    const starting = killAndStartAgain(agent);
    plug.deaf = false;
    ends.push((await starting).clean);
    await eventually(() => plug.on).toEqual([false]);
    expect(lastMove(plug)).toMatchObject({ on: false, by: "command" });
  });

  it("a second agent, which is refused, leaves what the first one knows of its plugs as it is", async () => {
    const { agent } = await together("{ plug: mister_plug, max_on: 1h }");
    writeFileSync(agent.config, readFileSync(agent.config, "utf8").replace("max_on: 1h", "max_on: 1h, on_start: on"));
    const kept = join(agent.folder, "state", "plugs.json");
    const owed = '{"mister_plug 1":{"id":"mister","topic":"mister_plug","relay":null,"exit":true}}\n';
    writeFileSync(kept, owed);
    const second = await pinbus(["run", "--config", agent.config]);
    expect(second.stderr).toContain("another agent");
    expect(readFileSync(kept, "utf8")).toBe(owed);
  });

  it("lets a controller hold a value with a plug, a part of each cycle", async () => {
    const { agent, plug, bus } = await together(
      '{ plug: mister_plug, max_on: 1m }\nsensors: { tent: { driver: topic, topic: tent, name: humidity, unit: "%", stale_after: 5m } }\n' +
        "controllers: { dry: { sensor: tent, setpoint: 60, pid: { kp: 5 }, cycle: 2s, min_on: 100ms, min_off: 100ms, effect: raise, output: mister, on_stale: off, on_broker_lost: off } }",
    );
    await bus.client.publishAsync("tent", "50");
    await vi.waitFor(() => expect(plug.moves.map(({ on }) => on).slice(0, 4)).toEqual([true, false, true, false]), patience);
    // Half of a cycle; what the plug hears late makes one of them shorter and the next one longer.
    const on = () => plug.moves.flatMap((move, at, { [at - 1]: before }) => (move.on || !before ? [] : move.at - before.at));
    await eventually(() => Math.max(...on())).toBeGreaterThan(900);
    expect(plug.commands).toContain("PulseTime 160");
    expect((await agent.ask("why", "mister")).stdout).toContain("controller dry");
  });

  it("leaves a plug off that it stops with, and waits for its answer", async () => {
    const { agent, bus, plug } = await together("{ plug: mister_plug, max_on: 1h }");
    await bus.ask("mister", "ON");
    agent.child.kill("SIGTERM");
    await agent.done;
    expect(lastMove(plug)).toMatchObject({ on: false, by: "command" });
    await vi.waitFor(() => expect(bus.payloads(`${P}/out/mister/state`).slice(-2)).toEqual(["ON", "OFF"]), patience);
  });

  it("leaves a plug off when it stops in a storm of ONs and OFFs, with a reload in it", async () => {
    const { agent, bus, plug } = await together("{ plug: mister_plug, max_on: 1h, on_start: keep }");
    const storm = () =>
      Promise.all(Array.from({ length: 100 }, (_, n) => bus.client.publishAsync(`${P}/out/mister/set`, n % 2 ? "OFF" : "ON")));
    await storm();
    writeFileSync(agent.config, readFileSync(agent.config, "utf8").replace("max_on: 1h", "max_on: 2h"));
    const [reload] = await Promise.all([agent.ask("reload"), storm()]);
    expect(reload).toMatchObject({ code: 0 });
    const { length } = plug.commands;
    void storm().catch(() => undefined);
    await vi.waitFor(() => expect(plug.commands.length).toBeGreaterThan(length), patience);
    agent.child.kill("SIGTERM");
    await agent.done;
    await eventually(() => plug.on).toEqual([false]);
    const again = await runIn(agent.folder);
    onTestFinished(again.clean);
    await eventually(async () => (await again.client.request("get", { id: "mister" })).state).toBe("OFF");
    expect(plug.on).toEqual([false]);
  });

  it("sends an OFF that came while the broker was away in front of everything else", async () => {
    const { broker, agent, bus, plug, ends } = await together("{ plug: mister_plug, max_on: 1h, on_start: keep }");
    await bus.ask("mister", "ON");
    await broker.stop();
    await vi.waitFor(async () => expect((await agent.client.request("status", {})).problems.join()).toContain("not heard"), patience);
    const answer = agent.client.request("set", { output: "mister", state: "OFF" });
    await expect(answer).rejects.toThrow("it is switched off as soon as it is heard");
    expect(plug.on).toEqual([true]);
    const again = await startMosquitto({ port: broker.port });
    ends.push(() => again.stop());
    const witness = await joinBus(again.url, "5");
    ends.push(() => witness.stop());
    await plug.cutOff();
    await plug.comeBack();
    await state(witness, "OFF");
    expect(plug.on).toEqual([false]);
    const packets = await agent.client.request("trace", {});
    const greeted = packets.findLastIndex(({ type }) => type === "CONNACK");
    const first = packets.slice(greeted).find(({ type, direction }) => type === "PUBLISH" && direction === "sent");
    expect(first).toMatchObject({ topic: "cmnd/mister_plug/POWER", retain: false });
  });
});
