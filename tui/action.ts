import type {
  Change,
  ChipView,
  Hello,
  HostView,
  LogView,
  PacketBytes,
  PinDetail,
  PinsView,
  ServiceView,
  Status,
  TraceEntry,
} from "../agent/protocol.ts";
import type { ReplayState } from "./replay.ts";
import type { RetainedEvent } from "./retained.ts";
import type { Decoder } from "./value.ts";

/** What the outside says or a person does. */
export type Action =
  | { type: "key"; key: string; text?: string }
  | { type: "paste"; text: string }
  | { type: "resize"; cols: number; rows: number }
  | { type: "tick"; screen?: ScreenFacts }
  | { type: "message"; topic: string; payload: Buffer; retain: boolean | null; qos: 0 | 1 | 2 }
  | { type: "mqtt-wanted"; server: string }
  | { type: "mqtt-online"; version: "5" | "3.1.1" }
  | { type: "mqtt-offline"; problem: string }
  | { type: "mqtt-granted"; filter: string }
  | { type: "mqtt-refused"; filter: string }
  | { type: "mqtt-rtt"; ms: number }
  | { type: "agent-online"; hello: Hello }
  | { type: "agent-offline"; problem: string; absent?: boolean }
  | { type: "status"; status: Status }
  | { type: "pins"; data: PinsView }
  | { type: "services"; data: ServiceView[] }
  | { type: "service-log"; answer: LogView }
  | { type: "service-log-refused"; from: LogView["from"]; unit: string; problem: string }
  | { type: "host"; data: HostView }
  | { type: "trace"; entries: TraceEntry[] }
  | { type: "packet-bytes"; number: number; bytes: PacketBytes | null }
  /** A file takes the packets from now on; null = no more. */
  | { type: "recording"; path: string | null }
  /** The same of the messages of the broker. */
  | { type: "message-file"; path: string | null }
  | ({ type: "replayed" } & Pick<ReplayState, "line" | "share" | "bad" | "next" | "ended">)
  | { type: "why"; output: string; changes: Change[] }
  | { type: "retained"; event: RetainedEvent }
  | { type: "pin"; detail: PinDetail }
  | { type: "lines"; chips: ChipView[] }
  | { type: "decoders"; decoders: readonly Decoder[] }
  | { type: "said"; text: string; ok: boolean };

/** How the terminal fares; null = not known. */
export interface ScreenFacts {
  /** Frames in the last second. */
  perSecond: number | null;
  /** How long a terminal behind ssh took to answer, ms. */
  sshMs: number | null;
}
