import { setTimeout as wait } from "node:timers/promises";
import type { Driver, EdgeEvent, InputHandle, InputRequest, OutputHandle } from "../../gpio/driver.ts";
import { LineError } from "../../gpio/errors.ts";
import type { Pair } from "./pair.ts";

/** A listening line and what it told. */
export interface Listening extends Pick<InputHandle, "read"> {
  edges: EdgeEvent[];
  lost: number;
  close(): void;
}

/** The two lines during a measurement. Whatever happens, `close` frees them. */
export class Bench {
  readonly driver: Driver;
  readonly #pair: Pair;
  readonly #open = new Set<{ close(): void }>();

  constructor(driver: Driver, pair: Pair) {
    this.driver = driver;
    this.#pair = pair;
  }

  /** The line that is driven. */
  drive(initial: boolean): OutputHandle {
    return this.#kept(this.driver.openOutput({ ...this.#pair.out, active: "high", consumer: "pinbus-doctor", initial }, { gone() {} }));
  }

  listen(set: Partial<Pick<InputRequest, "active" | "bias" | "edges" | "debounceMs">> = {}): Listening {
    return this.#listen("in", set);
  }

  /** The line that is driven otherwise, as an input without a pull: nobody drives the wire then. */
  rest(): Listening {
    return this.#listen("out", { bias: "disabled" });
  }

  /** Leaves both lines as inputs that nobody holds, as far as they are there. */
  leave(): void {
    this.close();
    try {
      this.rest();
      this.listen();
    } catch (error) {
      // Somebody has taken one meanwhile, or the chip is gone: then it is not ours any more.
      if (!(error instanceof LineError)) throw error;
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const handle of this.#open) handle.close();
    this.#open.clear();
  }

  #listen(end: keyof Pair, set: Parameters<Bench["listen"]>[0]): Listening {
    const told = { edges: [] as EdgeEvent[], lost: 0 };
    const wanted = { ...this.#pair[end], active: "high" as const, consumer: "pinbus-doctor", bias: "disabled" as const, ...set };
    const request = this.driver.capabilities.bias ? wanted : { ...wanted, bias: "as-is" as const };
    const handle = this.driver.openInput(request, {
      edge: (event) => told.edges.push(event),
      lost(count) {
        told.lost += count;
      },
      gone() {},
    });
    const closing = this.#kept(handle);
    return Object.assign(told, { read: () => handle.read(), close: () => closing.close() });
  }

  #kept<T extends { close(): void }>(handle: T): T {
    this.#open.add(handle);
    return handle;
  }
}

/** Waits until it is so, at most half a second; false when it was not. */
export async function until(isSo: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < 100; waited++) {
    if (isSo()) return true;
    await wait(5);
  }
  return isSo();
}
