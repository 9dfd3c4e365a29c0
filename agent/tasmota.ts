import type { TasmotaConfig } from "../config/schema.ts";
import type { Connection, ConnectionOptions } from "./profile-link.ts";
import { TasmotaLink } from "./tasmota-link.ts";
import { TasmotaSettings } from "./tasmota-settings.ts";

export interface TasmotaOptions extends ConnectionOptions {
  version: string;
  /** Why a device is not at the broker; null when it is. */
  onProblem(id: string, problem: string | null): void;
}

/** The devices of Tasmota that this machine plays: each has a connection of its own, since each has a will of its own. */
export function createTasmota(options: TasmotaOptions): Connection | undefined {
  const { config, dispatch, log } = options;
  const entries = Object.entries<TasmotaConfig>(config.tasmota);
  if (entries.length === 0) return undefined;
  const settings = new TasmotaSettings(config.state_dir, log).load();
  const devices = entries.map(([id, device]) => new TasmotaLink({ ...options, id, device, settings }));
  return {
    start() {
      for (const device of devices) {
        dispatch.witnesses.add(device);
        device.start();
      }
    },
    // What they are is read at the start, and each tells all of itself with TelePeriod.
    changed() {},
    tellAll() {},
    async stop() {
      await Promise.all(devices.map((device) => device.stop()));
      for (const device of devices) dispatch.witnesses.delete(device);
      await settings.flushed();
    },
  };
}
