import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Hello, Push, Status } from "../../../agent/protocol.ts";
import { AgentError, AgentLink, type AgentLinkOptions } from "../../../tui/client/agent.ts";
import { dialSocket } from "../../../tui/client/dial.ts";
import { eventually } from "../../agent/shell/fixture.ts";
import { hello, hostView, input, output, pinsView, service, status } from "../scene.ts";
import { FakeAgent } from "./fake-agent.ts";

let dir: string;
let path: string;
let agent: FakeAgent;
let link: AgentLink;
let online: Hello[];
let offline: { problem: string; absent: boolean }[];
let pushes: Push[];
let statuses: Status[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-tui-"));
  path = join(dir, "control.sock");
  agent = new FakeAgent();
  online = [];
  offline = [];
  pushes = [];
  statuses = [];
});

afterEach(async () => {
  link?.close();
  await agent.stop();
  rmSync(dir, { recursive: true, force: true });
});

function start(options: Partial<AgentLinkOptions> = {}): void {
  link = new AgentLink({
    open: () => dialSocket([path]),
    on: {
      online: (said) => online.push(said),
      offline: (problem, absent) => offline.push({ problem, absent }),
      push: (push) => pushes.push(push),
      status: (said) => statuses.push(said),
    },
    wait: [5, 20],
    ...options,
  });
  link.start();
}

test("it says hello first, is online with the answer, and then asks for the status", async () => {
  agent.serve.status = () => status();
  await agent.listen(path);
  start();
  await eventually(() => statuses).toEqual([status()]);
  expect(online).toEqual([hello]);
  expect(agent.requests[0]).toEqual({ id: 1, method: "hello", params: { protocol: 1, client: "tui" } });
});

test("without an agent it says what is missing and comes online when one appears", async () => {
  start();
  await eventually(() => offline.length).toBeGreaterThan(1);
  expect(offline[0]).toEqual({ problem: `no agent at ${path}: is it running? (systemctl status pinbus, or --socket)`, absent: true });
  await agent.listen(path);
  await eventually(() => online.length).toBe(1);
});

test("an agent that goes is lost, its open questions fail, and its return is noticed", async () => {
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  const question = link.request("why", { output: "lamp" });
  await agent.stop();
  await expect(question).rejects.toMatchObject({ reason: "unreachable" });
  expect(offline[0]).toEqual({ problem: "the agent closed the link", absent: false });
  await agent.listen(path);
  await eventually(() => online.length).toBe(2);
});

test("pushes come through, whole or in pieces", async () => {
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  const push: Push = { push: "pins", data: pinsView([input("porch"), output("lamp")]) };
  const line = `${JSON.stringify(push)}\n`;
  agent.raw(line.slice(0, 20));
  agent.raw(`${line.slice(20)}${line}`);
  const services: Push = { push: "services", data: [service("ssh.service")] };
  agent.push(services);
  await eventually(() => pushes).toEqual([push, push, services]);
});

test("a refusal carries the agent's own words", async () => {
  agent.serve.set = () => ({ reason: "forbidden", message: "this socket may only look" });
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  const refused = link.request("set", { output: "lamp", state: "ON", from: "tui" });
  await expect(refused).rejects.toEqual(new AgentError("forbidden", "this socket may only look"));
});

test("a refusal says from when on it would be served, when the agent knows", async () => {
  const allowed_at = "2026-11-21T10:00:00.000Z";
  agent.serve.set = () => ({ reason: "min_off", message: "pump must stay off for 60000 ms", allowed_at });
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  const refused = link.request("set", { output: "pump", state: "ON", from: "tui" });
  await expect(refused).rejects.toEqual(new AgentError("min_off", `pump must stay off for 60000 ms; allowed at ${allowed_at}`));
});

test("an agent of another version is refused with the side that is to be updated", async () => {
  agent.hello = { ...hello, protocol: 2, version: "9.0.0" };
  await agent.listen(path);
  start();
  await eventually(() => offline.length).toBeGreaterThan(0);
  expect(offline[0]?.problem).toBe("the agent (9.0.0) speaks control protocol 2, this terminal 1: update this terminal");
  expect(online).toEqual([]);
});

test("an agent that refuses our version is quoted", async () => {
  agent.serve.hello = () => ({ reason: "protocol", message: "this agent speaks protocol 3" });
  await agent.listen(path);
  start();
  await eventually(() => offline[0]?.problem).toBe("this agent speaks protocol 3 (this terminal speaks 1)");
});

test("what is no message ends the connection, and the next try starts anew", async () => {
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  agent.raw("{broken\n");
  await eventually(() => online.length).toBe(2);
  expect(offline[0]?.problem).toMatch(/^the agent's answer cannot be read/);
});

test.each([
  { push: "pins", data: { at: "now", pins: [{ id: "x" }], rules: [] } },
  { push: "pins", data: { ...pinsView([output("lamp")]), rules: [null] } },
  { push: "services", data: "none" },
  { push: "host", data: { ...hostView(), values: { "host/uptime": 5 } } },
  { push: "host", data: { ...hostView(), sensors: { attic: { quality: "ok" } } } },
  { push: "host", data: { ...hostView(), checks: [null] } },
  { push: "weather", data: [] },
])("a push of another shape reaches no view: %j", async (push) => {
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  agent.raw(`${JSON.stringify(push)}\n`);
  await eventually(() => offline[0]?.problem).toMatch(/^the agent's answer cannot be read: a push of /);
  expect(pushes).toEqual([]);
});

test("an answer of another shape is none", async () => {
  agent.serve.why = () => [{ at: 1 }];
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  await expect(link.request("why", { output: "lamp" })).rejects.toThrow("an answer to why of another shape");
});

test("packets of another shape are none", async () => {
  agent.serve.trace = () => [{ number: 1, at: "", direction: "sideways", type: "PUBLISH" }];
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  await expect(link.request("trace", {})).rejects.toThrow("an answer to trace of another shape");
});

test("a line without end is not collected for ever", async () => {
  await agent.listen(path);
  start();
  await eventually(() => online.length).toBe(1);
  agent.raw(Buffer.alloc(4 * 1024 * 1024 + 1, "x"));
  await eventually(() => offline[0]?.problem).toContain("a line of more than");
});

test("an agent that is there but silent is lost", async () => {
  await agent.listen(path);
  // The fake answers hello, but no status.
  start({ timeout: 30, probeEvery: 20 });
  // Not on the first connection where its hello, too, took that long.
  await eventually(() => offline.map(({ problem }) => problem)).toContain("the agent did not answer status in time");
});

test("the socket to look is taken when the one to operate is not there", async () => {
  const view = join(dir, "view.sock");
  await agent.listen(view);
  start({ open: () => dialSocket([path, view]) });
  await eventually(() => online.length).toBe(1);
});

test("closing ends the connection and the tries", async () => {
  await agent.listen(path);
  start();
  await eventually(() => agent.clients).toBe(1);
  link.close();
  await eventually(() => agent.clients).toBe(0);
  await expect(link.request("status", {})).rejects.toMatchObject({ reason: "unreachable" });
});
