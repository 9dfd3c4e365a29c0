import { join } from "node:path";
import type { TasmotaConfig } from "../config/schema.ts";
import { maxMem } from "./profile/tasmota/command.ts";
import type { Settings } from "./profile/tasmota/device.ts";
import { maxPulseTime } from "./profile/tasmota/pulse-time.ts";
import { KeptMap } from "./shell/kept-map.ts";
import type { Log } from "./shell/log.ts";

/** What was set from afar; null = as configured. */
interface Kept {
  pulseTime: readonly (number | null)[];
  telePeriod: number | null;
  mem: readonly (string | null)[];
  boots: number;
}

/** Remembers what was set from afar, for all devices of Tasmota in one file. */
export class TasmotaSettings {
  readonly #kept: KeptMap<Kept>;

  constructor(dir: string, log: Log) {
    const file = join(dir, "tasmota.json");
    this.#kept = new KeptMap({
      file,
      log,
      read: keptOf,
      unread: (why) => `${file} could not be read: ${why}; PulseTime, TelePeriod and Mem are as configured`,
      lost: "PulseTime, TelePeriod and Mem are as configured after a restart",
    });
  }

  load(): this {
    this.#kept.load();
    return this;
  }

  /** One more start of the device; how many there were with it. */
  booted(id: string): number {
    const kept = this.#of(id);
    this.#set(id, { ...kept, boots: kept.boots + 1 });
    return kept.boots + 1;
  }

  /** As configured, but for what was set since. */
  settings(id: string, config: TasmotaConfig): Settings {
    const { pulseTime, telePeriod, mem } = this.#of(id);
    return {
      pulseTime: config.relays.map((_, relay) => pulseTime[relay] ?? config.pulse_time[relay] ?? 0),
      telePeriod: telePeriod ?? Math.round(config.tele_period / 1000),
      mem: config.mem.map(({ value }, slot) => mem[slot] ?? value ?? ""),
    };
  }

  /** Only what differs from what held: the rest stays as configured, also when the configuration changes. */
  keep(id: string, config: TasmotaConfig, next: Settings): void {
    const [old, now] = [this.#of(id), this.settings(id, config)];
    this.#set(id, {
      pulseTime: next.pulseTime.map((value, relay) => (value === now.pulseTime[relay] ? (old.pulseTime[relay] ?? null) : value)),
      telePeriod: next.telePeriod === now.telePeriod ? old.telePeriod : next.telePeriod,
      mem: next.mem.map((text, slot) => (text === now.mem[slot] || config.mem[slot]?.input != null ? (old.mem[slot] ?? null) : text)),
      boots: old.boots,
    });
  }

  /** Resolves when everything is on disk, or could not be written. */
  flushed(): Promise<void> {
    return this.#kept.write();
  }

  #of(id: string): Kept {
    return this.#kept.get(id) ?? { pulseTime: [], telePeriod: null, mem: [], boots: 0 };
  }

  #set(id: string, kept: Kept): void {
    this.#kept.set(id, kept);
    void this.#kept.write();
  }
}

function keptOf(id: string, value: unknown): Kept {
  const { pulseTime, telePeriod, mem, boots } = (value ?? {}) as Record<string, unknown>;
  const whole = (max: number) => (item: unknown) => typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= max;
  const isText = (item: unknown) => item === null || (typeof item === "string" && item.length <= maxMem);
  const right =
    Array.isArray(pulseTime) &&
    pulseTime.every((item) => item === null || whole(maxPulseTime)(item)) &&
    (telePeriod === null || whole(3600)(telePeriod)) &&
    Array.isArray(mem) &&
    mem.every(isText) &&
    whole(Number.MAX_SAFE_INTEGER)(boots);
  if (!right) throw new Error(`"${id}" is none of what a device keeps`);
  return { pulseTime, telePeriod, mem, boots } as Kept;
}
