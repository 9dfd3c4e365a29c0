import { type ChildProcess, spawn } from "node:child_process";
import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, findProgram, startMosquitto } from "../../brokers.ts";
import { startProxy } from "../../fault-proxy.ts";
import { patience } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

const yaml = (port: string, protocol: string) => `
node: box
gpio: { driver: sim, board: pi4 }
mqtt: { server: 127.0.0.1, port: ${port}, protocol: "${protocol}" }
sys_interval: 1d
inputs: { porch: { line: 17 }, bell: { line: 22, event_ttl: 1h } }
outputs: { lamp: { line: 27 } }
rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
`;

/** What `mosquitto_sub` prints, with `retained` in front of what has the flag, without what no two runs have in common. */
function listen(port: number, version: string): { lines: string[]; stop(): void } {
  const path = findProgram("mosquitto_sub") ?? "";
  const flags = version === "5" ? ["-V", "5", "--retain-as-published"] : ["-V", "311"];
  const child: ChildProcess = spawn(path, ["-p", String(port), "-q", "1", "-t", "#", "-F", "%r %t %p", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines: string[] = [];
  // What was not acknowledged before the loss comes a second time, with its number.
  const events = new Set<string>();
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      if (part.includes("/$SYS/") || events.has(part)) continue;
      if (part.includes("/event ")) events.add(part);
      lines.push(settled(part));
    }
  });
  return { lines, stop: () => child.kill("SIGKILL") };
}

function settled(line: string): string {
  return line
    .replace(/^0 /, "")
    .replace(/^1 /, "retained ")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/"seq":\d+/g, '"seq":N')
    .replace(/"version":"[^"]+"/, '"version":"V"')
    .replace(/"machine":\{[^}]*\}/, '"machine":{}')
    .replace(/127\.0\.0\.1:\d+/g, "BROKER");
}

describeMosquitto("what the bus sees of a whole session", () => {
  for (const version of ["5", "3.1.1"]) {
    it(`with MQTT ${version}`, async () => {
      // More than 20 in flight would let QoS 0 overtake QoS 1.
      const broker = await startMosquitto({ config: ["allow_anonymous true", "max_inflight_messages 0"] });
      onTestFinished(() => broker.stop());
      const proxy = await startProxy(broker.port);
      onTestFinished(() => proxy.stop());
      const { lines } = listen(broker.port, version);
      const story: string[] = [];
      const chapter = async (name: string, last: (text: string) => boolean) => {
        await vi.waitFor(() => expect(lines.some(last)).toBe(true), patience);
        story.push(`# ${name}`, ...lines.splice(0));
      };
      const ends = (text: string) => (line: string) => line.endsWith(text);
      const agent = await startAgent(yaml(new URL(proxy.url).port, version));
      onTestFinished(() => agent.clean());
      // Behind `online`, once the machine is known.
      await chapter("start", (line) => line.includes('"machine":'));
      await agent.client.request("sim-press", { input: "porch", for_ms: 80 });
      await chapter("press", (line) => line.includes("in/porch/event"));
      proxy.open = false;
      proxy.cut();
      await chapter("loss", ends("status offline"));
      const waiting = async () => (await agent.client.request("status", {})).outbox.waiting;
      const before = await waiting();
      await agent.client.request("sim-press", { input: "bell", for_ms: 80 });
      // Until its end: the link may come back at any moment.
      await vi.waitFor(async () => expect(await waiting()).toBe(before + 1), patience);
      proxy.open = true;
      await chapter("return, with a press from meanwhile", (line) => line.includes("in/bell/event"));
      agent.child.kill("SIGTERM");
      await agent.done;
      await chapter("stop", ends("status offline"));
      const late = listen(broker.port, version);
      await vi.waitFor(() => expect(late.lines.some(ends("status offline"))).toBe(true), patience);
      await vi.waitFor(() => expect(late.lines.length).toBe(new Set(story.map(topicOf).filter(isRetained)).size), patience);
      story.push("# who comes later", ...late.lines.sort());
      await expect(`${story.join("\n")}\n`).toMatchFileSnapshot(`transcripts/mqtt-${version}.txt`);
    });
  }
});

function topicOf(line: string): string {
  return line.replace("retained ", "").split(" ")[0] ?? "";
}

function isRetained(topic: string): boolean {
  return topic !== "#" && !topic.endsWith("/event");
}
