import { readFileSync, writeFileSync } from "node:fs";
import { freePort, startMosquitto } from "../../brokers.ts";
import { type AgentProcess, startAgent } from "./agent-process.ts";

/**
 * A real agent with its own broker, or beside a mosquitto, whose end `started` is given. The port stays the same when the agent is started again in
 * its folder.
 */
export async function startBeside(
  yaml: string,
  mosquitto: boolean,
  started: (() => Promise<unknown>)[],
): Promise<{ agent: AgentProcess; url: string }> {
  const broker = mosquitto ? await startMosquitto() : undefined;
  if (broker) started.push(broker.stop);
  const port = broker?.port ?? (await freePort());
  const where = broker ? `mqtt: { server: 127.0.0.1, port: ${port} }` : `broker: { listeners: [{ protocol: mqtt, port: ${port} }] }`;
  return { agent: await startAgent(`${where}${yaml}`), url: `mqtt://127.0.0.1:${port}` };
}

/** Another configuration, for the next reload or start. */
export function rewrite({ config }: Pick<AgentProcess, "config">, change: (text: string) => string): void {
  writeFileSync(config, change(readFileSync(config, "utf8")));
}
