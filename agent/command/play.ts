import { setTimeout } from "node:timers/promises";
import type { Measured } from "../core/model.ts";
import { snapshotOf } from "../core/recording.ts";
import { exit } from "../exit.ts";
import type { SimReading, SimStep } from "../protocol.ts";
import { faultyLine, openRecording, type RecordingEntry, RecordingError, readRecordedConfig } from "../recording-file.ts";
import { type Client, withAgent } from "./client.ts";
import { CommandError, complain, numbered, print } from "./command.ts";
import { readScript } from "./play-script.ts";

/** The agent gets steps so long before they are due, and answers when the last of them was made. */
const ahead = 1000;
/** A request is at most so many steps, over so much time. */
const stepsAtOnce = 100;
const timeAtOnce = 2000;

/**
 * Plays a script, or the edges, readings, commands and messages of a recording on the simulated board of the agent at `path`, with their
 * spacing. The broker, reloads, lost chips and failed writes of a recording are not played: they are the agent's own world.
 */
export async function play(path: string, file: string, speed: number): Promise<number> {
  return withAgent(path, async (client) => {
    if (!client.hello.simulated) {
      throw new CommandError(exit.refused, "refused (not-simulated): this agent drives real lines; `sim play` works with gpio.driver: sim");
    }
    const counts = { edges: 0, readings: 0, commands: 0, messages: 0 };
    let start: number | undefined;
    let began = 0;
    let due: SimStep[] = [];
    const running: Promise<unknown>[] = [];
    const flush = async () => {
      const steps = due;
      const [first] = steps;
      if (!first) return;
      due = [];
      // One request is being made, one waits at the agent: no edge is late because of the connection.
      if (running.length > 1) await running.shift();
      const wait = start === undefined ? 0 : began + first.after_ms - ahead - performance.now();
      if (wait > 0) await setTimeout(wait);
      const own = client.request("sim-play", { steps, ...(start === undefined ? {} : { start }) });
      if (start === undefined) {
        began = performance.now();
        ({ start } = await own);
      } else {
        // Whether it failed is seen when it is waited for.
        own.catch(() => undefined);
        running.push(own);
      }
    };
    try {
      const script = await readScript(file);
      const recording = script === undefined ? await openRecording(file) : undefined;
      if (script !== undefined) await checkScript(client, file, script);
      const steps = recording === undefined ? spaced(script ?? [], speed) : stepsOf(file, recording.entries, speed);
      for await (const step of steps) {
        if (step.do === "level") counts.edges++;
        else if (step.do === "message" || step.do === "heard") counts.messages++;
        else if (step.do === "reading") counts.readings++;
        else counts.commands++;
        const [first] = due;
        const full = first && (due.length === stepsAtOnce || step.after_ms - first.after_ms > timeAtOnce || start === undefined);
        if (full) await flush();
        due.push(step);
      }
      if (recording?.torn) complain(`${file} is cut off within its last line: the rest was played`);
      await flush();
      for (const own of running) await own;
    } catch (error) {
      if (error instanceof RecordingError) throw new CommandError(exit.refused, error.message);
      throw error;
    }
    const { edges, readings, commands, messages } = counts;
    const others = messages === 0 ? "" : `; ${numbered(messages, "message")} of others`;
    print(`played ${numbered(edges, "level")}, ${numbered(readings, "reading")} and ${numbered(commands, "command")}${others}`);
    return exit.ok;
  });
}

function* spaced(steps: readonly SimStep[], speed: number): Generator<SimStep> {
  for (const step of steps) yield { ...step, after_ms: step.after_ms / speed };
}

/** A script is written for this agent: what it does not have is a mistake. */
async function checkScript(client: Client, file: string, steps: readonly SimStep[]): Promise<void> {
  const names = new Map<string, "input" | "sensor">();
  for (const step of steps) {
    if (step.do === "level") names.set(step.input, "input");
    else if (step.do === "reading") names.set(step.sensor, "sensor");
  }
  for (const [id, wanted] of names) {
    const { kind } = await client.request("get", { id });
    if (kind !== wanted && !(wanted === "input" && kind === "counter"))
      throw new CommandError(exit.refused, `${file}: ${id} is no ${wanted}, it is a ${kind}`);
  }
  // Each sensor with the quantities that it is told, once.
  const told = new Map<string, SimStep>();
  for (const step of steps) {
    if (step.do !== "reading") continue;
    const names = typeof step.to === "object" && "values" in step.to ? Object.keys(step.to.values).sort() : [];
    told.set([step.sensor, ...names].join(" "), { ...step, after_ms: 0 });
  }
  const all = [...told.values()];
  for (let from = 0; from < all.length; from += stepsAtOnce)
    await client.request("sim-play", { steps: all.slice(from, from + stepsAtOnce), check: true });
}

/** The steps in the recorded order, the levels and readings of the beginning first. An edge that was read late keeps its own, earlier time. */
async function* stepsOf(file: string, entries: AsyncIterable<RecordingEntry>, speed: number): AsyncGenerator<SimStep> {
  let zero: number | undefined;
  let untold: ReadonlySet<string> = new Set();
  for await (const { number, line } of entries) {
    const after = (at: number) => Math.max(0, (at - (zero ?? at)) / speed);
    if (line.kind === "snapshot") {
      const { at, levels, readings, ...world } = worldOf(file, number, line.snapshot);
      zero ??= at;
      untold = world.untold;
      for (const [input, active] of levels) yield { after_ms: after(at), do: "level", input, active };
      for (const [sensor, to] of readings) yield { after_ms: after(at), do: "reading", sensor, to };
    } else if (line.kind === "event" && typeof line.event.at === "number") {
      const step = stepOf(line.event, untold);
      if (step) yield { after_ms: after(line.event.at), ...step };
    }
  }
}

interface RecordedWorld {
  at: number;
  levels: [string, boolean][];
  readings: [string, SimReading][];
  /** Sensors that cannot be told what they read: what is derived. */
  untold: ReadonlySet<string>;
}

/** How the world was when the recording began. */
function worldOf(file: string, number: number, recorded: Record<string, unknown>): RecordedWorld {
  try {
    const { at, state, config } = snapshotOf(recorded);
    const { inputs, sensors, derive } = readRecordedConfig(config);
    const untold = new Set(Object.keys(derive));
    return {
      at,
      untold,
      levels: Object.keys(inputs).map((id, index) => [id, state.inputs[index]?.debounce.raw === true]),
      readings: Object.keys(sensors).flatMap((id, index): [string, SimReading][] => {
        const sensor = state.sensors[index];
        if (untold.has(id)) return [];
        if (sensor?.problem) return [[id, { fail: sensor.problem }]];
        const to = simValues(sensor?.pipeline.read ?? []);
        return to === undefined ? [] : [[id, to]];
      }),
    };
  } catch (error) {
    throw faultyLine(file, number, error);
  }
}

/** One value, or several by their names. What is no number cannot be told to a simulated sensor; undefined when there is none. */
function simValues(read: readonly Measured[]): SimReading | undefined {
  const numbers = read.flatMap(({ name, value }): [string, number][] => (typeof value === "number" ? [[name, value]] : []));
  const [first] = numbers;
  if (!first) return undefined;
  return numbers.length === 1 ? first[1] : { values: Object.fromEntries(numbers) };
}

type Untimed = SimStep extends infer S ? (S extends SimStep ? Omit<S, "after_ms"> : never) : never;

/** What the world did; undefined for what the agent did, and for what no simulated board can. */
function stepOf(event: Record<string, unknown>, untold: ReadonlySet<string>): Untimed | undefined {
  const { type, input, output, sensor, topic, edge, active, payload, retain, word, forMs, from, locked } = event;
  if (typeof input === "string") {
    if (type === "edge") return { do: "level", input, active: edge === "rising" };
    if (type === "level-read" && event.why !== "gap") return { do: "level", input, active: active === true };
  }
  if (type === "message-received") return { do: "message", topic: String(topic), payload: String(payload) };
  if (typeof sensor === "string" && !untold.has(sensor)) {
    if (type === "sensor-read") {
      const to = simValues(Array.isArray(event.values) ? event.values : []);
      return to === undefined ? undefined : { do: "reading", sensor, to };
    }
    if (type === "sensor-failed") return { do: "reading", sensor, to: { fail: String(event.problem).slice(0, 200) } };
  }
  if (typeof output !== "string") return undefined;
  const who = from === "tui" ? "tui" : "cli";
  switch (type) {
    case "command-received":
      return { do: "command", output, payload: String(payload), retain: retain === true };
    case "control-received":
      // A level is played as a command over MQTT: the same happens, and only the cause has another name.
      if (typeof event.level === "number") {
        const times = {
          ...(typeof event.fadeMs === "number" && { fade_ms: event.fadeMs }),
          ...(typeof forMs === "number" && { for_ms: forMs }),
        };
        return { do: "command", output, payload: JSON.stringify({ value: event.level, ...times }), retain: false };
      }
      return { do: "set", output, state: word as "ON", for_ms: typeof forMs === "number" ? forMs : null, from: who };
    case "lock-requested":
      return { do: "lock", output, locked: locked === true, from: who };
    default:
      return undefined;
  }
}
