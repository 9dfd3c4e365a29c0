import { connectAsync, type MqttClient } from "mqtt";
import { Owlcms, type OwlcmsOptions } from "./owlcms.ts";
import { realTimers } from "./real-timers.ts";

/** The twin of owlcms as a client of a broker, in real time: as owlcms connects, says and subscribes. */
export interface OwlcmsOnBroker {
  owlcms: Owlcms;
  /** What it said: `fop/down/A=`. */
  said: readonly string[];
  /** Its connection ends, and it starts anew. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function joinOwlcms(url: string, options: Pick<OwlcmsOptions, "platforms" | "jurySize">): Promise<OwlcmsOnBroker> {
  const timers = realTimers();
  const said: string[] = [];
  let client: MqttClient | undefined;
  const owlcms = new Owlcms({
    ...options,
    say(topic, payload) {
      said.push(`${topic.slice("owlcms/".length)}=${payload}`);
      client?.publish(topic, payload, { qos: 1, retain: false });
    },
    after: timers.after,
  });
  const leave = async () => {
    timers.stop();
    await client?.endAsync(true);
  };
  const start = async () => {
    client = await connectAsync(url, { protocolVersion: 4, clean: true, clientId: "_owlcms_test", reconnectPeriod: 0 });
    client.on("message", (topic, payload) => owlcms.hear(topic, payload.toString()));
    await client.subscribeAsync(["owlcms/refbox/#", "owlcms/jurybox/#", "owlcms/decision/+", "owlcms/clock/+", "owlcms/config"], {
      qos: 0,
    });
    owlcms.start();
  };
  await start();
  return {
    owlcms,
    said,
    async restart() {
      await leave();
      await start();
    },
    stop: leave,
  };
}
