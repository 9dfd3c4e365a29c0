import { writeSync } from "node:fs";
import { Writable } from "node:stream";
import { WriteStream } from "node:tty";

/** The longest wait for a terminal that does not read, when the process is about to leave it. */
const restoreWaitMs = 200;
const retryMs = { first: 4, last: 64 };

export interface TtyStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

interface Descriptor {
  fd?: number;
}
interface BlockingHandle {
  _handle?: { setBlocking?(blocking: boolean): unknown };
}

/**
 * The terminal as a sink that never blocks. Node writes to a terminal in blocking mode, so a stalled one (a hung ssh client) would
 * stop the event loop; and what libuv has queued can not be taken back when the screen is left. So this one writes to the
 * descriptor itself and keeps the rest: `pending` says that there is one, "idle" that it is gone, `release` drops it.
 */
export class TtyOutput extends Writable {
  readonly isTTY = true;
  /** Bytes handed to this sink since the start. */
  total = 0;
  readonly #target: TtyStream;
  readonly #fd: number | undefined;
  #retry: NodeJS.Timeout | undefined;
  #abandon: (() => void) | undefined;
  #muted = false;

  constructor(target: TtyStream) {
    super({ decodeStrings: true });
    this.#target = target;
    this.#fd = target instanceof WriteStream ? (target as Descriptor).fd : undefined;
  }

  // A serial console reports no size.
  get columns(): number {
    return this.#target.columns || 80;
  }
  get rows(): number {
    return this.#target.rows || 24;
  }
  get pending(): boolean {
    return this.writableLength > 0;
  }

  /** Before the first write, and again after a suspension. */
  take(): void {
    this.#muted = false;
    this.#setBlocking(false);
  }

  /** Drops what the terminal has not taken, writes `last` while it takes it, and hands the descriptor back as it was. */
  release(last: string): void {
    this.#muted = true;
    clearTimeout(this.#retry);
    this.#abandon?.();
    if (this.#fd === undefined) this.#target.write(last);
    else writePatiently(this.#fd, Buffer.from(last));
    this.#setBlocking(true);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#muted) {
      done();
      return;
    }
    this.total += chunk.length;
    const finished = (error?: Error | null) => {
      this.#abandon = undefined;
      done(error);
      process.nextTick(() => this.#reportIdle());
    };
    if (this.#fd === undefined) {
      this.#target.write(chunk, () => finished());
      return;
    }
    this.#writeRest(this.#fd, chunk, retryMs.first, finished);
  }

  #reportIdle(): void {
    if (!this.pending) this.emit("idle");
  }

  #writeRest(fd: number, chunk: Buffer, wait: number, done: (error?: Error | null) => void): void {
    let written = 0;
    try {
      written = writeSync(fd, chunk);
    } catch (error) {
      if (!isBusy(error)) {
        done(error as Error);
        return;
      }
    }
    if (written === chunk.length) {
      done();
      return;
    }
    const rest = chunk.subarray(written);
    // libuv can watch the descriptor only for its own queue, so a timer asks again; it runs only while the terminal is stalled.
    const next = written > 0 ? retryMs.first : Math.min(wait * 2, retryMs.last);
    this.#abandon = done;
    this.#retry = setTimeout(() => this.#writeRest(fd, rest, next, done), wait);
  }

  #setBlocking(blocking: boolean): void {
    (this.#target as BlockingHandle)._handle?.setBlocking?.(blocking);
  }
}

function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EAGAIN";
}

/** Writes although the descriptor is non-blocking; gives up on a dead terminal at once and on a stalled one after 200 ms. */
export function writePatiently(fd: number, bytes: Buffer, write: typeof writeSync = writeSync): boolean {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + restoreWaitMs;
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(write(fd, rest));
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) return false;
      Atomics.wait(clock, 0, 0, 5);
    }
  }
  return true;
}
