import { createMistbuddies } from "../../../agent/profile/mistbuddy.ts";
import type { OutputConfig } from "../../../config/schema.ts";
import { Snifferbuddy } from "../../twin/snifferbuddy.ts";
import { configOf } from "../core/fixture.ts";
import { TentBus } from "./tent-bus.ts";

export const onoff = "cmnd/tent_one/mistbuddy_1/ONOFF";
export const light = "snifferbuddy/tent_one/sunshine";
export const question = `cmnd/${light}/Mem1=`;
export const second = 1000;
export const buddy = { topic: "tent_one/mistbuddy_1", light, outputs: ["fan", "mister"] };

interface Parts {
  outputs?: Record<string, Partial<OutputConfig>>;
  more?: Partial<typeof buddy & { silence: number; on_broker_lost: { after: number; do: "off" | "keep" } }>;
  /** A0 of the photoresistor; null = there is no such device. */
  a0?: number | null;
}

/** A MistBuddy with a fan and a mister, and the SnifferBuddy that says whether there is light. */
export function tent({ outputs = { fan: {}, mister: {} }, more = {}, a0 = 600 }: Parts = {}) {
  const config = configOf({ outputs, mistbuddy: { one: { ...buddy, ...more } } });
  const bus = new TentBus(config, createMistbuddies);
  const air = { temperature: 22, humidity: 50, light: a0 ?? 0 };
  const sniffer = new Snifferbuddy({
    topic: light,
    period: 3600 * second,
    measure: () => air,
    say: (topic, payload, retain) => bus.say(topic, payload, retain),
    after: (ms, run) => bus.clock.after(ms, run),
  });
  if (a0 !== null) {
    sniffer.start();
    bus.members.push(sniffer);
  }
  return Object.assign(bus, {
    air,
    sniffer,
    /** How often the light was asked. */
    questions: () => bus.told(question).length,
    mists: (seconds: number | string) => bus.say(onoff, String(seconds)),
  });
}
