import type { Writable } from "node:stream";
import { type Env, isJournalStream, passedFd } from "./fds.ts";
import { encodeEntry, encodeLines, type JournalEntry } from "./journal-entry.ts";
import { type Send, Sender, sendThrough } from "./sender.ts";

export type { JournalEntry } from "./journal-entry.ts";

export interface Journal {
  /** Returns at once. An entry that does not fit into the queue is dropped and counted. */
  write(entry: JournalEntry): void;
  /** Resolves when everything is handed over, at the latest after a second: a stalled journald must not hold up a stop. */
  close(): Promise<void>;
  readonly dropped: number;
}

export interface JournalOptions {
  pid?: number;
  /** SYSLOG_IDENTIFIER, as in the unit. */
  identifier?: string;
  /** Where lines go before systemd 253. */
  stdout?: Writable;
  /** Whether stdout is the journal's stream. */
  streaming?: boolean;
  /** Instead of the descriptor. */
  send?: Send;
}

const maxWaiting = 1000;
const maxWaitingBytes = 1024 * 1024;
const closeTimeout = 1000;

/**
 * The way into the journal, or undefined when this process does not log to it. With systemd 253 and later that is the
 * descriptor of `OpenFile=/run/systemd/journal/socket:journal` and entries have fields; before, lines with a
 * priority go to the stdout that systemd connected, and the fields are left out.
 */
export function openJournal(env: Env, options: JournalOptions = {}): Journal | undefined {
  const fd = passedFd(env, "journal", options.pid);
  const send = options.send ?? (fd === undefined ? undefined : sendThrough(fd));
  if (send !== undefined) return journalOver(socketSink(send, options.identifier ?? "pinbus"));
  if (options.streaming ?? isJournalStream(env, 1)) return journalOver(streamSink(options.stdout ?? process.stdout));
  return undefined;
}

/** Takes an entry, or says that there is no room for it. */
interface Sink {
  take(entry: JournalEntry): boolean;
  /** Entries that were taken and then refused by the receiver. */
  readonly refused: number;
  flush(): Promise<unknown>;
}

function socketSink(send: Send, identifier: string): Sink {
  const sender = new Sender(send, maxWaiting);
  return {
    take: (entry) => sender.push(encodeEntry(entry, identifier)),
    flush: () => sender.drained(closeTimeout),
    get refused() {
      return sender.refused;
    },
  };
}

function streamSink(stdout: Writable): Sink {
  return {
    refused: 0,
    take(entry) {
      // Node buffers without a bound when the reader stands still.
      if (stdout.writableLength > maxWaitingBytes) return false;
      stdout.write(encodeLines(entry));
      return true;
    },
    flush: () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeTimeout);
        stdout.write("", () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

/** A gap in the journal must be seen in the journal: where it ends, an entry says how many are missing. */
function journalOver(sink: Sink): Journal {
  let dropped = 0;
  let untold = 0;
  return {
    write(entry) {
      if (untold > 0 && sink.take(gapEntry(untold))) untold = 0;
      if (sink.take(entry)) return;
      dropped++;
      untold++;
    },
    close: async () => {
      await sink.flush();
    },
    get dropped() {
      return dropped + sink.refused;
    },
  };
}

function gapEntry(missing: number): JournalEntry {
  return { message: `${missing} log entries are missing here: the journal did not take them fast enough`, priority: 4, fields: {} };
}
