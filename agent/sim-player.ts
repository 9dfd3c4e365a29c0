import { setImmediate, setTimeout } from "node:timers/promises";
import type { ActiveLevel, LineAddress } from "../gpio/line.ts";
import type { SimBoard } from "../gpio/sim-board.ts";
import { validForMs } from "./core/command.ts";
import type { AgentEvent } from "./core/model.ts";
import type { SimReading, SimStep } from "./protocol.ts";
import type { Clock } from "./shell/clock.ts";
import { Refused } from "./shell/control.ts";
import type { Incoming } from "./shell/link.ts";

export interface SimPlayerOptions {
  board: SimBoard;
  /** Undefined for an input that is not configured. */
  input(id: string): { address: LineAddress; active: ActiveLevel } | undefined;
  /** The index of an output; undefined for one that is not configured. */
  output(id: string): number | undefined;
  /** Resolves when a sensor has read what it was told; at once for one that is not configured. */
  simulate(sensor: string, to: SimReading): Promise<void>;
  /** Throws for what it does not measure; with `exactly` also for what a chip is only not known to. */
  checkReading(sensor: string, to: SimReading, exactly: boolean): void;
  send(event: AgentEvent): void;
  /** Takes what others say. */
  receive(message: Incoming): void;
  /** Ages of commands are judged by the wall clock as it is now. */
  readClock(): void;
  clock: Clock;
}

export interface SimPlayer {
  /**
   * Makes the steps in their order, none before its time, and resolves with the start of the play, to which `after_ms` counts. An edge
   * carries its own time, however late it is made. Without `start` a new play begins, and the one before is over.
   */
  play(steps: readonly SimStep[], start: number | undefined): Promise<{ start: number }>;
  /** Throws for steps that could not be played, or tell a sensor what it does not measure. */
  check(steps: readonly SimStep[]): void;
}

/** A client sends the steps shortly before they are due: nothing here waits for longer. */
const maxAhead = 60_000;
const maxSteps = 1000;
const maxReason = 200;
/** As in the configuration, without the words that stand beside the values. */
const quantityName = /^(?!(?:ts|unit|quality)$)[a-z][a-z0-9_]{0,31}$/;

export function createSimPlayer(options: SimPlayerOptions): SimPlayer {
  const { clock } = options;
  let current: number | undefined;
  let running: Promise<unknown> = Promise.resolve();

  const run = async (steps: readonly SimStep[], start: number) => {
    /** The input whose edges the board delivers in the next turn. */
    let pressed: string | undefined;
    for (const step of steps) {
      const input = step.do === "level" ? step.input : undefined;
      // What comes after them must not overtake them, but for more edges of the same line: those that are late belong into one turn, as from the
      // kernel, or a debounce would end between them.
      if (pressed !== undefined && pressed !== input) await setImmediate();
      pressed = input;
      const at = start + step.after_ms;
      const wait = at - clock.now();
      if (wait > 0) await setTimeout(Math.ceil(wait));
      if (start !== current) throw new Refused("cancelled", "another recording is being played");
      if (step.do === "reading") await options.simulate(step.sensor, step.to);
      else perform(options, step, at);
    }
    if (pressed !== undefined) await setImmediate();
    return { start };
  };

  const check = (steps: readonly SimStep[], latest: number, exactly: boolean) => {
    checkSteps(steps, latest);
    for (const step of steps) if (step.do === "reading") options.checkReading(step.sensor, step.to, exactly);
  };

  return {
    check: (steps) => check(steps, maxAhead, true),
    play(steps, given) {
      if (given !== undefined && given !== current) throw new Refused("cancelled", "another recording is being played");
      const start = given ?? clock.now();
      check(steps, clock.now() - start + maxAhead, false);
      current = start;
      const own = given === undefined ? run(steps, start) : running.then(() => run(steps, start));
      running = own.catch(() => undefined);
      return own;
    },
  };
}

function perform(
  { board, input, output, send, receive, readClock, clock }: SimPlayerOptions,
  step: Exclude<SimStep, { do: "reading" }>,
  at: number,
): void {
  // What the recording had and this agent does not have is left out.
  const line = step.do === "level" ? input(step.input) : undefined;
  const index = "output" in step ? output(step.output) : 0;
  if (index === undefined) return;
  const now = clock.now();
  switch (step.do) {
    case "level":
      if (line) {
        const inactive = line.active === "high" ? "low" : "high";
        board.press(line.address.chip, line.address.offset, step.active ? line.active : inactive, Math.round(at * 1e6));
      }
      return;
    case "command": {
      const { payload, retain } = step;
      readClock();
      send({ type: "command-received", output: index, payload, retain, responseTopic: null, correlationData: null, at: now });
      return;
    }
    case "message":
      send({ type: "message-received", topic: step.topic, payload: step.payload, at: now });
      return;
    case "heard":
      receive({ topic: step.topic, payload: Buffer.from(step.payload), retain: false, qos: 0 });
      return;
    case "set":
      send({ type: "control-received", output: index, word: step.state, forMs: step.for_ms, from: step.from, ticket: nobody, at: now });
      return;
    case "lock":
      send({ type: "lock-requested", output: index, locked: step.locked, from: step.from, at: now });
  }
}

/** No client waits for the answer to a played command. */
const nobody = 0;

function checkSteps(steps: unknown, latest: number): void {
  if (!Array.isArray(steps) || steps.length > maxSteps) throw malformed();
  for (const step of steps) {
    if (typeof step !== "object" || step === null || !validStep(step)) throw malformed();
    const { after_ms } = step as SimStep;
    if (!(after_ms >= 0 && after_ms <= latest)) throw malformed();
  }
}

/** What a simulated sensor may be told to read. */
export function isSimReading(to: unknown): to is SimReading {
  if (typeof to === "number") return Number.isFinite(to);
  if (typeof to !== "object" || to === null) return false;
  if ("values" in to) return areSimValues(to.values);
  if (!("fail" in to)) return false;
  const { fail } = to;
  return typeof fail === "string" && fail !== "" && fail.length <= maxReason;
}

/** Names of quantities with numbers; as many as any chip has. */
function areSimValues(values: unknown): boolean {
  if (typeof values !== "object" || values === null) return false;
  const entries = Object.entries(values);
  const named = entries.every(([name, value]) => quantityName.test(name) && typeof value === "number" && Number.isFinite(value));
  return named && entries.length > 0 && entries.length <= 64;
}

function malformed(): Refused {
  return new Refused("malformed", `a play is at most ${maxSteps} steps, none later than a minute from now`);
}

function validStep(step: object): boolean {
  const { after_ms, do: what, ...rest } = step as Record<string, unknown>;
  if (typeof after_ms !== "number") return false;
  const { input, active, output, topic, payload, retain, state, for_ms, from, locked, sensor, to } = rest;
  const fromClient = from === "cli" || from === "tui";
  switch (what) {
    case "level":
      return typeof input === "string" && typeof active === "boolean";
    case "reading":
      return typeof sensor === "string" && isSimReading(to);
    case "command":
      return typeof output === "string" && typeof payload === "string" && typeof retain === "boolean";
    case "message":
    case "heard":
      return typeof topic === "string" && typeof payload === "string";
    case "set": {
      const known = ["ON", "OFF", "TOGGLE", "PULSE"].includes(String(state));
      return typeof output === "string" && known && (for_ms === null || validForMs(for_ms)) && fromClient;
    }
    case "lock":
      return typeof output === "string" && typeof locked === "boolean" && fromClient;
    default:
      return false;
  }
}
