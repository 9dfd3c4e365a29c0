import type { EventEmitter } from "node:events";
import type { Client } from "aedes";

interface Packet {
  cmd: string;
  /** Bytes, without its first ones. */
  length?: number;
}

/** What of aedes' client is not in its types. */
interface Newcomer extends EventEmitter {
  /** `_queue` = what came before its CONNECT was answered. */
  _parser: { _queue: Packet[] | null };
  _parsingBatch: number;
  connackSent: boolean;
}

/** While no more than this waits of what came with or soon after a CONNECT, what comes behind it is read: bytes, with those that a packet takes besides. */
const maxWaiting = 256 * 1024;
const bytesOfPacket = 200;

/** More than aedes counts down to read on: once for each packet that is done, and for each time that there is something to read. */
const readsNothing = 2 ** 30;

/** A client has got what waited when it came; what came meanwhile may go on for ever, and aedes takes it for connected behind that. */
export const caughtUp = "caughtUp";

/** Answers to what a client was given. */
const acknowledging: ReadonlySet<string> = new Set(["puback", "pubrec", "pubcomp"]);

/**
 * Keeps the order of what a client sends with its CONNECT or soon after it, and bounds it. Returns what each packet is handed to, which passes it on to
 * `give`, at once or when the client is in and has what waited for it.
 */
export function keepBehindConnect<P extends Packet>(client: Client, give: (packet: P) => void): (packet: P) => void {
  const newcomer = client as unknown as Newcomer;
  const { _parser: parser } = newcomer;
  let waitingBytes = 0;
  // aedes would take these its own way, past which the next ones come.
  newcomer.removeAllListeners("connected");
  const release = () => {
    newcomer.off("connected", release).off(caughtUp, release);
    const waiting = (parser._queue ?? []) as P[];
    parser._queue = null;
    // Nor is anything read before the last of them is given: it would come in between.
    if (waitingBytes <= maxWaiting) newcomer._parsingBatch += readsNothing;
    for (const packet of waiting) give(packet);
    newcomer._parsingBatch -= readsNothing;
  };
  newcomer.on("connected", release).on(caughtUp, release);
  return (packet) => {
    const queue = parser._queue;
    if (!queue?.length || (newcomer.connackSent && acknowledging.has(packet.cmd))) give(packet);
    else queue.push(packet);
    if (parser._queue !== queue || queue?.at(-1) !== packet) return;
    // The first of those that wait do not keep aedes from reading on, or it would not read the acknowledgements that make room for the last of what waits
    // for the client, which it gets before them. aedes has counted the first.
    if (queue.length === 1) newcomer._parsingBatch--;
    const wasRead = waitingBytes <= maxWaiting;
    waitingBytes += bytesOfPacket + (packet.length ?? 0);
    if (wasRead && waitingBytes > maxWaiting) newcomer._parsingBatch += readsNothing;
  };
}
