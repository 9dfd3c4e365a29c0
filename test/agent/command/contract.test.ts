import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../shell/fixture.ts";
import { killAndStartAgain, startAgent } from "./agent-process.ts";

describe("the contract of an output in a real agent", () => {
  it("a lock and the last level survive a SIGKILL", async () => {
    const agent = await startAgent(`
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
outputs:
  lamp: { line: 27, on_start: last }
  gate: { line: 5 }
`);
    onTestFinished(() => agent.clean());
    await agent.client.request("set", { output: "lamp", state: "ON" });
    await agent.client.request("lock", { output: "gate", locked: true });
    const kept = () => JSON.parse(readFileSync(join(agent.folder, "state", "outputs.json"), "utf8"));
    await eventually(kept).toEqual({ lamp: { locked: false, level: true }, gate: { locked: true, level: false } });
    const again = await killAndStartAgain(agent);
    onTestFinished(() => again.clean());
    expect(await again.client.request("get", { id: "lamp" })).toMatchObject({ state: "ON" });
    await expect(again.client.request("set", { output: "gate", state: "ON" })).rejects.toThrow("locked");
  });

  it("a lock that cannot be kept takes effect, and is not said to be done", async () => {
    const agent = await startAgent(`
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
outputs:
  lamp: { line: 27 }
`);
    onTestFinished(() => agent.clean());
    // A folder in the way of the file cannot be written, not even by root: as good as a full disk.
    mkdirSync(join(agent.folder, "state", "outputs.json.new"));
    await expect(agent.client.request("lock", { output: "lamp", locked: true })).rejects.toThrow(/failed.*until the next start only/);
    await expect(agent.client.request("set", { output: "lamp", state: "ON" })).rejects.toThrow("locked");
    const files = async () =>
      (await agent.client.request("status", {})).problems.filter((problem) => problem.includes("could not be written"));
    expect(await files()).toEqual([
      expect.stringMatching(/outputs\.json could not be written: .*, and locks and levels are not known after a restart/),
    ]);
    rmdirSync(join(agent.folder, "state", "outputs.json.new"));
    // Tried again by itself.
    await eventually(files).toEqual([]);
    const kept = readFileSync(join(agent.folder, "state", "outputs.json"), "utf8");
    expect(JSON.parse(kept)).toMatchObject({ lamp: { locked: true } });
  });

  it("another device that is gone switches its output, after its time and until it is told otherwise", async () => {
    const agent = await startAgent(`
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
peers: { plug: { topic: tele/plug/LWT } }
outputs:
  pump: { line: 27, on_start: on, on_peer_offline: { peer: plug, after: 200ms, do: off } }
`);
    onTestFinished(() => agent.clean());
    const peer = async () => (await agent.client.request("status", {})).peers[0];
    expect(await peer()).toEqual({ id: "plug", state: "unknown", since: null });
    const plug = await mqtt.connectAsync(`mqtt://127.0.0.1:${agent.port}`, { protocolVersion: 4 });
    onTestFinished(() => plug.endAsync(true));
    // Again and again: nobody says when the agent's subscription is there, and a live message before it is lost.
    await eventually(async () => {
      await plug.publishAsync("tele/plug/LWT", "Offline", { retain: true, qos: 1 });
      return (await peer())?.state;
    }).toBe("offline");
    const why = async () => (await agent.client.request("why", { output: "pump" })).map(({ state, cause }) => `${state} ${cause}`);
    await eventually(why).toEqual(["OFF peer plug offline", "ON start"]);
    await plug.publishAsync("tele/plug/LWT", "Online", { retain: true, qos: 1 });
    await eventually(async () => (await peer())?.state).toBe("online");
    expect(await agent.client.request("get", { id: "pump" })).toMatchObject({ state: "OFF" });
  });

  it("another device that falls silent is stale in status and in health, until it publishes again", async () => {
    const agent = await startAgent(`
gpio: { driver: sim, board: pi4 }
broker: { listeners: [{ protocol: mqtt, port: 0 }] }
peers: { plug: { topic: tele/plug/LWT, heard: tele/plug/STATE, stale_after: 1s } }
`);
    onTestFinished(() => agent.clean());
    const status = () => agent.client.request("status", {});
    const plug = await mqtt.connectAsync(`mqtt://127.0.0.1:${agent.port}`, { protocolVersion: 4 });
    onTestFinished(() => plug.endAsync(true));
    await plug.publishAsync("tele/plug/LWT", "Online", { retain: true, qos: 1 });
    await plug.publishAsync("tele/plug/STATE", "{}", { retain: true, qos: 1 });
    await eventually(async () => (await status()).peers[0]?.state).toBe("stale");
    const problem = "peer plug is stale: nothing came on tele/plug/STATE for 1 s";
    expect(await status()).toMatchObject({ health: "degraded", problems: [problem] });
    expect((await agent.ask("status")).stdout).toMatch(/^ {2}peer plug: stale since \S+Z$/m);
    await plug.publishAsync("tele/plug/STATE", "{}", { qos: 0 });
    await eventually(async () => (await status()).peers[0]?.state).toBe("online");
  });

  it("a broker that is never there is lost after its time, counted from the start", async () => {
    const agent = await startAgent(`
gpio: { driver: sim, board: pi4 }
mqtt: { server: 127.0.0.1, port: 1 }
outputs:
  pump: { line: 27, on_start: on, on_broker_lost: { after: 2s, do: off } }
`);
    onTestFinished(() => agent.clean());
    const why = async () => (await agent.client.request("why", { output: "pump" })).map(({ state, cause }) => `${state} ${cause}`);
    await eventually(why).toEqual(["OFF broker lost", "ON start"]);
    const [off, on] = (await agent.client.request("why", { output: "pump" })).map(({ at }) => Date.parse(at));
    expect((off ?? 0) - (on ?? 0)).toBeGreaterThanOrEqual(1999);
  });
});
