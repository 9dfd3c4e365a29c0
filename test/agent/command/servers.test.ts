import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, freePort, observe, startMosquitto } from "../../brokers.ts";
import { type Authority, makeAuthority, mosquittoTls } from "../../certificates.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { pinbus, startAgent } from "./agent-process.ts";

const board = "node: box\ngpio: { driver: sim, board: pi4 }\nlog: { format: text }\noutputs: { lamp: { line: 27 } }\n";

describeMosquitto("an agent", () => {
  const authorityOfTest = (): Authority => {
    const authority = makeAuthority();
    onTestFinished(() => authority.clean());
    return authority;
  };
  const agentWith = async (mqtt: string, env: Record<string, string> = {}) => {
    const agent = await startAgent(`${board}mqtt: { ${mqtt} }\n`, env);
    onTestFinished(() => agent.clean());
    return agent;
  };
  const untilOnline = async ({ client }: Awaited<ReturnType<typeof agentWith>>) => {
    await vi.waitFor(async () => expect((await client.request("status", {})).link.online).toBe(true), patience);
    return client.request("status", {});
  };

  it("that knows several brokers uses the first that answers, and is heard there; the environment may name them too", async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const away = await freePort();
    const agent = await agentWith("server: not.used.invalid", { PINBUS_MQTT_SERVER: `127.0.0.1:${away}, mqtt://127.0.0.1:${broker.port}` });
    const { link } = await untilOnline(agent);
    expect(link.server).toBe(`127.0.0.1:${broker.port}`);
    expect((await agent.ask("status")).stdout).toContain(`broker 127.0.0.1:${broker.port}: online with MQTT 5`);
    await eventually(() => agent.stderr).toContain(
      `the broker is mqtt://127.0.0.1:${away}, else mqtt://127.0.0.1:${broker.port}; the built-in one`,
    );
    const bus = await observe(broker, "pinbus/box/#");
    onTestFinished(() => bus.stop());
    await bus.client.publishAsync("pinbus/box/out/lamp/set", "ON", { qos: 1 });
    await vi.waitFor(() => expect(bus.payloads("pinbus/box/out/lamp/state").at(-1)).toBe("ON"), patience);
  });

  it("that believes every certificate says so loudly, at the check, at the start and as long as it runs", async () => {
    const authority = authorityOfTest();
    const broker = await startMosquitto(mosquittoTls(authority, authority.issue("broker", { names: "DNS:other" })));
    onTestFinished(() => broker.stop());
    const agent = await agentWith(`server: mqtts://127.0.0.1:${broker.port}, tls_verify: insecure`);
    const { health, problems } = await untilOnline(agent);
    const words = "the certificate of the broker is not checked, anybody in the network can pretend to be it";
    expect([health, ...problems]).toEqual(["degraded", expect.stringContaining(words)]);
    await eventually(() => agent.stderr).toMatch(new RegExp(`warn: .*${words}`));
    expect((await pinbus(["check", "--config", agent.config])).stderr).toContain(
      "warning: mqtt.tls_verify: anybody in the network can pretend",
    );
  });

  it("whose own certificate has expired serves its lines and says so; the check refuses it", async () => {
    const authority = authorityOfTest();
    const broker = await startMosquitto(mosquittoTls(authority, authority.issue("broker"), ["require_certificate true"]));
    onTestFinished(() => broker.stop());
    const { cert, key } = authority.issue("client", { from: -3, to: -1 });
    const agent = await agentWith(`server: 127.0.0.1, port: ${broker.port}, tls: on, ca: ${authority.cert}, cert: ${cert}, key: ${key}`);
    const refused = "says that the certificate in mqtt.cert has expired";
    const asked = async () => (await agent.client.request("status", {})).problems.join();
    await vi.waitFor(async () => expect(await asked()).toContain(refused), patience);
    expect(await asked()).toContain(`the certificate of this client in ${cert} has expired`);
    expect(await agent.client.request("get", { id: "lamp" })).toMatchObject({ state: "OFF" });
    const checked = await pinbus(["check", "--config", agent.config]);
    expect(checked).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/pinbus\.yaml:\d+:\d+: mqtt\.cert: the certificate of this client/),
    });
  });

  it("reads its certificates anew for each connection and each reload; those that cannot be used change nothing but its health", async () => {
    const [before, after] = [authorityOfTest(), authorityOfTest()];
    const required = ["require_certificate true"];
    const first = await startMosquitto(mosquittoTls(before, before.issue("broker"), required));
    onTestFinished(() => first.stop());
    const { cert, key } = before.issue("client");
    const agent = await agentWith(`server: 127.0.0.1, port: ${first.port}, tls: on, ca: ${before.cert}, cert: ${cert}, key: ${key}`);
    await untilOnline(agent);
    const reload = async () => {
      expect(await agent.client.request("reload", {})).toMatchObject({ applied: true });
      return agent.client.request("status", {});
    };
    const good = readFileSync(cert);
    writeFileSync(cert, "half a certifi");
    const words = `mqtt.cert: ${cert} is no certificate: name the certificate of this client in PEM; the link goes on with the files as they were`;
    expect(await reload()).toMatchObject({ health: "degraded", problems: [words], link: { online: true, reconnects: 0 } });
    await eventually(() => agent.stderr).toContain(`warn: ${words}`);
    writeFileSync(cert, good);
    expect(await reload()).toMatchObject({ health: "ok", problems: [], link: { online: true, reconnects: 0 } });

    // Another authority for both sides: with the old files nobody believes anybody.
    await first.stop();
    const renewed = after.issue("client");
    copyFileSync(after.cert, before.cert);
    copyFileSync(renewed.cert, cert);
    copyFileSync(renewed.key, key);
    const second = await startMosquitto({ port: first.port, ...mosquittoTls(after, after.issue("broker"), required) });
    onTestFinished(() => second.stop());
    expect(await untilOnline(agent)).toMatchObject({ health: "ok", link: { reconnects: 1 } });
  });
});
