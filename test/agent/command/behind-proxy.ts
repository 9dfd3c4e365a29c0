import { onTestFinished } from "vitest";
import { observe, startMosquitto } from "../../brokers.ts";
import { startProxy } from "../../fault-proxy.ts";
import { eventually } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

export const P = "pinbus/box";

/** A running agent behind a network that can fail, and somebody who hears all of it at the broker. Everything ends with the test. */
export async function startBehindProxy(yaml: string) {
  const broker = await startMosquitto();
  onTestFinished(() => broker.stop());
  const proxy = await startProxy(broker.port);
  onTestFinished(() => proxy.stop());
  const observer = await observe(broker, `${P}/#`);
  onTestFinished(() => observer.stop());
  const agent = await startAgent(`
node: box
gpio: { driver: sim, board: pi4 }
mqtt: { server: 127.0.0.1, port: ${new URL(proxy.url).port} }
${yaml}`);
  /** `agent` may be replaced by one that was started again. */
  const running = { agent };
  onTestFinished(() => running.agent.clean());
  const status = () => running.agent.client.request("status", {});
  const online = () => eventually(async () => (await status()).link.online).toBe(true);
  await online();
  /** Nothing that is told from now on arrives; what was heard before is forgotten. */
  const leave = async () => {
    proxy.open = false;
    proxy.cut();
    await eventually(async () => (await status()).link.online).toBe(false);
    await eventually(() => observer.payloads(`${P}/status`).at(-1)).toBe("offline");
    observer.seen.length = 0;
  };
  const back = async () => {
    proxy.open = true;
    // The back-off of a long absence is some seconds.
    await eventually(async () => (await status()).link.online).toBe(true);
  };
  return { running, proxy, observer, status, leave, back };
}
