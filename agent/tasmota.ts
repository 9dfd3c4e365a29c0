import type { TasmotaConfig } from "../config/schema.ts";
import type { Connection, ConnectionOptions, Wanted } from "./profile-link.ts";
import { TasmotaLink } from "./tasmota-link.ts";
import type { TasmotaSettings } from "./tasmota-settings.ts";
import { tasmotaRetained } from "./tasmota-topics.ts";

export interface TasmotaOptions extends ConnectionOptions {
  version: string;
  /** What was set from afar, of all devices. */
  settings: TasmotaSettings;
  /** Why a device is not at the broker; null when it is. */
  onProblem(id: string, problem: string | null): void;
}

/** The devices of Tasmota that this machine plays: each has a connection of its own, since each has a will of its own. */
export function wantedTasmota(options: TasmotaOptions): Wanted[] {
  return Object.entries<TasmotaConfig>(options.config.tasmota).map(([id, device]) => ({
    name: `tasmota ${id}`,
    text: JSON.stringify(device),
    retained: tasmotaRetained(device),
    open: () => open(options, id, device),
  }));
}

function open(options: TasmotaOptions, id: string, device: TasmotaConfig): Connection {
  const { dispatch } = options;
  const link = new TasmotaLink({ ...options, id, device });
  return {
    start() {
      dispatch.witnesses.add(link);
      link.start();
    },
    // What it is was read at its start, and it tells all of itself with TelePeriod.
    changed() {},
    tellAll() {},
    async stop(gone) {
      await link.stop(gone);
      dispatch.witnesses.delete(link);
    },
  };
}
