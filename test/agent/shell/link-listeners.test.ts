import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createBroker } from "../../../agent/embedded/broker.ts";
import type { Broker } from "../../../agent/embedded/broker-terms.ts";
import { observe, silentLog } from "../../brokers.ts";
import { type Authority, type Certificate, makeAuthority } from "../../certificates.ts";
import { patience } from "./fixture.ts";
import { offline, P, probe, state, untilOnline } from "./link-contract.ts";

let authority: Authority;
let own: Certificate;
beforeAll(() => {
  authority = makeAuthority();
  own = authority.issue("broker");
});
afterAll(() => authority.clean());

describe.each(["mqtts", "ws", "wss"] as const)("the link on the built-in broker over %s", (protocol) => {
  const start = async (port = 0) => {
    const broker: Broker = createBroker({
      listeners: [
        { protocol, address: "127.0.0.1", port },
        { protocol: "mqtt", address: "127.0.0.1", port: 0 },
      ],
      tls: () => ({ cert: readFileSync(own.cert), key: readFileSync(own.key), minVersion: "TLSv1.2" }),
      sysInterval: 60_000,
      version: "0.0.0-test",
      log: silentLog,
      now: () => performance.now(),
    });
    await broker.start();
    onTestFinished(() => broker.stop());
    const [first, plain] = broker.addresses;
    const url = `${protocol}://127.0.0.1:${first?.port}${protocol === "mqtts" ? "" : "/mqtt"}`;
    return { broker, url, port: first?.port ?? 0, plain: { url: `mqtt://127.0.0.1:${plain?.port}` } };
  };
  const connect = (url: string) => {
    const made = probe(url, { server: { url, ca: readFileSync(authority.cert) } });
    onTestFinished(() => made.link.stop([]));
    made.link.start();
    return made;
  };

  it("publishes, is heard, says goodbye, and comes back when the broker does", async () => {
    const first = await start();
    const { link, messages } = connect(first.url);
    await untilOnline(link);
    const observer = await observe(first.plain, `${P}/#`);
    onTestFinished(() => observer.stop());
    link.publish(state("out/lamp/state", "x".repeat(200_000)));
    await vi.waitFor(() => expect(observer.payloads(`${P}/out/lamp/state`).at(-1)).toHaveLength(200_000), patience);
    await observer.client.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 1 });
    await vi.waitFor(() => expect(messages.map(({ payload }) => payload.toString())).toEqual(["ON"]), patience);
    await first.broker.stop();
    await vi.waitFor(() => expect(link.view.online).toBe(false), patience);
    const second = await start(first.port);
    await vi.waitFor(() => expect(link.view).toMatchObject({ online: true, reconnects: 1, version: "3.1.1" }), patience);
    const late = await observe(second.plain, `${P}/status`);
    onTestFinished(() => late.stop());
    await vi.waitFor(() => expect(late.payloads(`${P}/status`)).toEqual(["online"]), patience);
    await link.stop([offline]);
    await vi.waitFor(() => expect(late.payloads(`${P}/status`)).toEqual(["online", "offline"]), patience);
  });

  it("delivers a burst whole and in order", async () => {
    const { url, plain } = await start();
    const { link } = connect(url);
    await untilOnline(link);
    const observer = await observe(plain, `${P}/burst`);
    onTestFinished(() => observer.stop());
    for (let count = 0; count < 900; count++)
      link.publish({ topic: `${P}/burst`, payload: `${count} ${"x".repeat(2_000)}`, qos: 1, retain: false, kind: "event" });
    await vi.waitFor(() => expect(observer.payloads(`${P}/burst`)).toHaveLength(900), patience);
    expect(observer.payloads(`${P}/burst`).map((payload) => Number.parseInt(payload, 10))).toEqual(
      Array.from({ length: 900 }, (_, i) => i),
    );
  });
});
