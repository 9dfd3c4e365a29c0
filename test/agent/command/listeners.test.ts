import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { freePort, observe } from "../../brokers.ts";
import { type Authority, type Certificate, makeAuthority } from "../../certificates.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, startAgent } from "./agent-process.ts";

const board = "node: box\ngpio: { driver: sim, board: pi4 }\nlog: { format: text }\noutputs: { lamp: { line: 27 } }\n";

let authority: Authority;
beforeAll(() => {
  authority = makeAuthority();
});
afterAll(() => authority.clean());

async function agentWith(broker: string): Promise<AgentProcess> {
  const agent = await startAgent(`${board}broker: { ${broker} }\n`);
  onTestFinished(() => agent.clean());
  return agent;
}
const pair = ({ cert, key }: Certificate) => `cert: ${cert}, key: ${key}`;

describe("an agent with its own broker", () => {
  it("is at home on every kind of listener, and names each with its port", async () => {
    const kinds = ["mqtt", "mqtts", "ws", "wss"];
    const { cert, key } = authority.issue("kinds");
    const agent = await agentWith(
      `listeners: [${kinds.map((protocol) => `{ protocol: ${protocol}, port: 0, address: 127.0.0.1 }`)}], ${pair({ cert, key })}`,
    );
    const { broker } = await agent.client.request("status", {});
    expect(broker?.listeners.map(({ protocol }) => protocol)).toEqual(kinds);
    const told = (await agent.ask("status")).stdout;
    for (const { protocol, port } of broker?.listeners ?? []) {
      expect(told).toContain(`built-in broker 127.0.0.1 port ${port} (${protocol}): listens`);
      await eventually(() => agent.stderr).toContain(`the built-in broker listens on 127.0.0.1:${port} (${protocol})`);
      const bus = await observe({ url: `${protocol}://127.0.0.1:${port}` }, "pinbus/box/#", { ca: readFileSync(authority.cert) });
      onTestFinished(() => bus.stop());
      const state = (await agent.client.request("get", { id: "lamp" })).state;
      await bus.client.publishAsync("pinbus/box/out/lamp/set", "TOGGLE", { qos: 1 });
      await vi.waitFor(() => expect(bus.payloads("pinbus/box/out/lamp/state").at(-1)).toBe(state === "ON" ? "OFF" : "ON"), patience);
    }
  });

  it("is online there although its port is taken", async () => {
    const port = await freePort();
    const holder = createServer().listen(port, "127.0.0.1");
    await once(holder, "listening");
    onTestFinished(() => void holder.close());
    const agent = await agentWith(`listeners: [{ address: 127.0.0.1, port: ${port} }, { address: 127.0.0.1, port: 0 }]`);
    await vi.waitFor(async () => expect((await agent.client.request("status", {})).link.online).toBe(true), patience);
    const { problems, link } = await agent.client.request("status", {});
    expect(problems).toEqual([expect.stringContaining(`cannot listen on 127.0.0.1:${port}`)]);
    expect(link).toMatchObject({ server: "built-in broker", version: "3.1.1", problem: null });
  });

  it("ends with 78 and one sentence when its certificate cannot be used; the check says the same with its place", async () => {
    const [own, other] = [authority.issue("own"), authority.issue("other")];
    const file = `${authority.folder}/bad.yaml`;
    const listeners = "listeners: [{ protocol: mqtts, port: 0 }]";
    const folders = `state_dir: ${authority.folder}/state\ncontrol: { socket: ${authority.folder}/s.sock }\n`;
    for (const [files, words] of [
      [`cert: ${own.cert}, key: ${other.key}`, `broker.key: ${other.key} is not the key of the certificate in ${own.cert}`],
      [`cert: ${authority.folder}/gone.pem, key: ${own.key}`, `broker.cert: ${authority.folder}/gone.pem cannot be read`],
    ] as const) {
      writeFileSync(file, `${board}${folders}broker: { ${listeners}, ${files} }\n`);
      const ran = await pinbus(["run", "--config", file]);
      expect(ran.code).toBe(78);
      expect(ran.stderr).toContain(words);
      const checked = await pinbus(["check", "--config", file]);
      expect(checked.code).toBe(78);
      expect(checked.stderr).toMatch(/bad\.yaml:\d+:\d+: /);
      expect(checked.stderr).toContain(words);
    }
  });

  it("lets another page in after a reload that names it, without a restart", async () => {
    const agent = await agentWith("listeners: [{ protocol: ws, address: 127.0.0.1, port: 0 }]");
    const answer = async () => {
      const ws = new WebSocket(`ws://127.0.0.1:${agent.port}`, ["mqtt"], { origin: "https://panel.example" });
      onTestFinished(() => ws.terminate());
      ws.on("error", () => undefined);
      return Promise.race([once(ws, "open").then(() => 101), once(ws, "unexpected-response").then(([, { statusCode }]) => statusCode)]);
    };
    expect(await answer()).toBe(403);
    const text = readFileSync(agent.config, "utf8");
    writeFileSync(agent.config, text.replace("broker: { ", 'broker: { origins: ["https://panel.example"], '));
    expect((await agent.ask("reload")).code).toBe(0);
    expect(await answer()).toBe(101);
  });

  it("takes a renewed certificate at a reload; one that cannot be used changes nothing and is named", async () => {
    const [first, second] = [authority.issue("first"), authority.issue("second")];
    const mine = { cert: `${authority.folder}/mine.pem`, key: `${authority.folder}/mine.key` };
    const install = ({ cert, key }: Certificate) => {
      copyFileSync(cert, mine.cert);
      copyFileSync(key, mine.key);
    };
    install(first);
    const agent = await agentWith(`listeners: [{ protocol: mqtts, address: 127.0.0.1, port: 0 }], ${pair(mine)}`);
    const nameOf = async () => {
      const socket = connectTls({ host: "127.0.0.1", port: agent.port, ca: readFileSync(authority.cert) });
      await once(socket, "secureConnect");
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    expect(await nameOf()).toBe("first");
    await eventually(() => agent.stderr).toMatch(/warn: the certificate of the built-in broker in \S+ expires on /);
    copyFileSync(second.cert, mine.cert);
    const refused = await agent.ask("reload");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`broker.key: ${mine.key} is not the key of the certificate in ${mine.cert}`);
    expect(await nameOf()).toBe("first");
    install(second);
    expect((await agent.ask("reload")).code).toBe(0);
    expect(await nameOf()).toBe("second");
  });
});
