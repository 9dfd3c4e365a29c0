import type { MessagePort } from "node:worker_threads";
import type { BridgeStart } from "../bridge.ts";
import type { KeptFile } from "../core/model.ts";
import type { LinkView } from "../protocol.ts";
import type { LogFields } from "../shell/log.ts";
import type { Outbox } from "../shell/outbox.ts";
import type { AccessRules, OwnUser } from "./access.ts";
import type { BrokerAddress, BrokerOptions } from "./broker-terms.ts";
import type { DialogueSettings } from "./dialogue-log.ts";
import type { BrokerTls } from "./entrance.ts";
import type { StoreSettings } from "./store.ts";

/** What the built-in broker is told when its thread starts: plain values. */
export interface ThreadStart extends Pick<BrokerOptions, "listeners" | "limits" | "sysInterval" | "dialogue" | "version" | "retryEvery"> {
  own: OwnUser;
  terminal: OwnUser;
  rules: AccessRules;
  secrets: Secrets;
  /** Undefined when there is no bridge. */
  bridge: BridgeStart | undefined;
  store: Pick<StoreSettings, "file" | "maxQueued" | "sessionExpiry"> | undefined;
}

/** How the bridge is, and what waits for the central broker. */
export interface BridgeState {
  view: LinkView;
  outbox: Pick<Outbox, "depth" | "bytes" | "age" | "dropped" | "lost">;
  leftOut: Readonly<Record<string, number>>;
}

/** What a reload may change for the listeners. */
export interface Secrets {
  tls: BrokerTls | undefined;
  origins: readonly string[];
}

export type ToThread =
  | { do: "connect"; port: MessagePort }
  | { do: "renew"; secrets: Secrets }
  | { do: "sys-interval"; ms: number }
  | { do: "dialogue"; settings: DialogueSettings }
  | { do: "expel"; rules: AccessRules }
  | { do: "stop" };

export type FromThread =
  /** Every listener has been tried once. */
  | { tell: "started" }
  /** From time to time, whatever happens. */
  | { tell: "alive" }
  /** The last word. */
  | { tell: "stopped" }
  | { tell: "state"; addresses: readonly BrokerAddress[]; clients: number }
  | { tell: "bridge"; state: BridgeState }
  | { tell: "bridge-problem"; file: KeptFile; problem: string | null }
  | { tell: "log"; level: "debug" | "info" | "warn" | "error"; message: string; fields: LogFields | undefined }
  | { tell: "store-problem"; problem: string | null };
