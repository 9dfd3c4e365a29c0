import { describe, expect, it, onTestFinished, vi } from "vitest";
import { findProgram, freePort, leftOut, startMosquitto } from "../../brokers.ts";
import { makeAuthority, mosquittoTls } from "../../certificates.ts";
import { startProxy } from "../../fault-proxy.ts";
import { patience } from "../shell/fixture.ts";
import { agentWith, type Central, client, numbers, publishAll, untilBridged, watch } from "./bridge-world.ts";

const missing = leftOut("the bridge over TLS and WebSockets", "mosquitto", "mosquitto mosquitto-clients");
const noOpenssl = findProgram("openssl") === undefined;

/** A central broker that the bridge reaches by `scheme`, and anybody else on `there` without it. */
async function central(scheme: "mqtts" | "ws" | "wss", subject = "IP:127.0.0.1"): Promise<{ there: Central; port: number; ca: string }> {
  const authority = makeAuthority();
  onTestFinished(() => authority.clean());
  const { config, files } = mosquittoTls(authority, authority.issue("central", { names: subject }));
  const port = await freePort();
  const [anonymous, ...certificates] = config;
  const lines = [
    anonymous ?? "",
    "max_queued_messages 0",
    `listener ${port} 127.0.0.1`,
    ...(scheme === "mqtts" ? [] : ["protocol websockets"]),
    ...(scheme === "ws" ? [] : certificates),
  ];
  const broker = await startMosquitto({ config: lines, files });
  onTestFinished(() => broker.stop());
  return { there: broker, port, ca: authority.cert };
}

async function bridge(scheme: string, to: { port: number; ca: string }) {
  const proxy = await startProxy(to.port);
  onTestFinished(() => proxy.stop());
  const port = await freePort();
  const server = `${scheme}://127.0.0.1:${new URL(proxy.url).port}`;
  const ca = scheme === "ws" ? "" : `ca: ${to.ca}, `;
  const agent = await agentWith(`broker:
  listeners: [{ address: 127.0.0.1, port: ${port} }]
  bridge: { server: "${server}", ${ca}topics: [{ filter: up/#, direction: out }, { filter: down/#, direction: in }] }`);
  return { agent, proxy, here: { url: `mqtt://127.0.0.1:${port}` } };
}

describe.skipIf(missing || noOpenssl)("the bridge", () => {
  for (const scheme of ["mqtts", "ws", "wss"] as const) {
    it(`loses nothing acknowledged over ${scheme} while the uplink is away, either way`, async () => {
      const to = await central(scheme);
      const { agent, proxy, here } = await bridge(scheme, to);
      await untilBridged(agent);
      const [up, down] = [await watch(to.there, "up/#"), await watch(here, "down/#")];
      proxy.open = false;
      proxy.cut();
      await publishAll(await client(here), "up/count", 0, 300);
      await publishAll(await client(to.there), "down/count", 0, 300);
      proxy.open = true;
      await vi.waitFor(() => expect(up.seen.length).toBeGreaterThanOrEqual(300), patience);
      await vi.waitFor(() => expect(down.seen.length).toBeGreaterThanOrEqual(300), patience);
      expect(up.payloads("up/count")).toEqual(numbers(0, 300));
      expect([...new Set(down.payloads("down/count"))]).toEqual(numbers(0, 300));
    });
  }

  it("does not go over a certificate of somebody else, and says so", async () => {
    const to = await central("mqtts", "DNS:elsewhere.example");
    const { agent } = await bridge("mqtts", to);
    await vi.waitFor(async () => {
      const status = await agent.client.request("status", {});
      expect(status.broker?.bridge).toMatchObject({ online: false, problem: expect.stringMatching(/certificate/) });
    }, patience);
  });
});
