import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import type { EdgeEvent, InputHandle, InputListener, InputRequest, OutputHandle, OutputRequest } from "../../../gpio/driver.ts";
import { LineError, type LineErrorCode } from "../../../gpio/errors.ts";
import type { World } from "./world.ts";

/** An input with everything it was told. */
export interface Input {
  handle: InputHandle;
  events: EdgeEvent[];
  /** The first `seqno` after each loss, and how many were lost there. */
  losses: number[];
  gone: number;
}

export function openInput(world: World, offset: number, request: Partial<InputRequest> = {}): Input {
  const full: InputRequest = { chip: world.chip, offset, active: "high", bias: "as-is", consumer: "pinbus:in", ...request };
  return inputOf((listener) => world.driver.openInput(full, listener));
}

export function inputOf(open: (listener: InputListener) => InputHandle): Input {
  const told: Omit<Input, "handle"> = { events: [], losses: [], gone: 0 };
  const listener = {
    edge: (event: EdgeEvent) => void told.events.push({ ...event }),
    lost: (count: number) => void told.losses.push(count),
    gone: () => void told.gone++,
  };
  return Object.assign(told, { handle: open(listener) });
}

export function openOutput(world: World, offset: number, request: Partial<OutputRequest> = {}): OutputHandle & { gone(): number } {
  let gone = 0;
  const full: OutputRequest = { chip: world.chip, offset, active: "high", initial: false, consumer: "pinbus:out", ...request };
  const handle = world.driver.openOutput(full, { gone: () => void gone++ });
  return { read: () => handle.read(), write: (active) => handle.write(active), close: () => handle.close(), gone: () => gone };
}

/** Waits for the observable; fails with `what` after twenty seconds. */
export async function until(seen: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!seen()) {
    if (performance.now() > end) assert.fail(`waited twenty seconds for: ${what}`);
    await setTimeout(2);
  }
}

/** Waits until nothing more has come for 300 ms: the end of a burst has no other sign. */
export async function quiet(input: Input): Promise<void> {
  let last = input.events.length;
  let since = performance.now();
  await until(() => {
    if (input.events.length !== last) {
      last = input.events.length;
      since = performance.now();
    }
    return performance.now() - since > 300;
  }, "the end of the burst");
}

export function refused(code: LineErrorCode, call: () => unknown): LineError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof LineError, `a LineError, not ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return error;
  }
  assert.fail(`expected a LineError "${code}", but the call went through`);
}
