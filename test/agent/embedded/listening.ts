import { spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished, vi } from "vitest";
import { findProgram } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";

/** `mosquitto_sub` of Debian, that prints QoS, retain flag, topic and payload of each message. */
export async function listenWith(port: number, filter: string, first: RegExp): Promise<string[]> {
  const path = findProgram("mosquitto_sub") ?? "";
  const child = spawn(path, ["-p", String(port), "-i", "watcher", "-q", "2", "-t", filter, "-F", "%q %r %t %p"]);
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
  });
  const lines: string[] = [];
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const all = (rest + chunk.toString()).split("\n");
    rest = all.pop() ?? "";
    lines.push(...all);
  });
  await vi.waitFor(() => {
    if (!lines.some((line) => first.test(line))) throw new Error(`mosquitto_sub prints nothing: ${lines.join()}`);
  }, patience);
  return lines;
}
