import type { Host } from "../config/host.ts";
import type { Config, TasmotaConfig } from "../config/schema.ts";
import type { BrokerWay } from "./broker-link.ts";
import type { AgentEvent } from "./core/model.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Dispatch } from "./shell/dispatch.ts";
import type { LinkOptions } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { TasmotaLink } from "./tasmota-link.ts";
import { TasmotaSettings } from "./tasmota-settings.ts";

export interface TasmotaOptions {
  config: Config;
  host: Host;
  version: string;
  dispatch: Dispatch;
  current(): Current;
  send(event: AgentEvent): void;
  way: BrokerWay;
  tls: NonNullable<LinkOptions["tls"]>;
  /** Why a device is not at the broker; null when it is. */
  onProblem(id: string, problem: string | null): void;
  clock: Clock;
  log: Log;
}

export interface Tasmota {
  /** After the broker was started. */
  start(): void;
  /** Says `Offline` for each device, and disconnects. */
  stop(): Promise<void>;
}

/** The devices of Tasmota that this machine plays: each has a connection of its own, since each has a will of its own. */
export function createTasmota(options: TasmotaOptions): Tasmota {
  const { config, dispatch, log } = options;
  const entries = Object.entries<TasmotaConfig>(config.tasmota);
  if (entries.length === 0) return { start() {}, stop: () => Promise.resolve() };
  const settings = new TasmotaSettings(config.state_dir, log).load();
  const devices = entries.map(([id, device]) => new TasmotaLink({ ...options, id, device, settings }));
  return {
    start() {
      for (const device of devices) {
        dispatch.witnesses.add(device);
        device.start();
      }
    },
    async stop() {
      await Promise.all(devices.map((device) => device.stop()));
      for (const device of devices) dispatch.witnesses.delete(device);
      await settings.flushed();
    },
  };
}
