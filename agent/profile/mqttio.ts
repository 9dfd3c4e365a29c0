import type { Config } from "../../config/schema.ts";
import type { Cause, Instant } from "../core/model.ts";
import { qualityOf } from "../core/sensor.ts";
import { measuredAt, valueRefOf } from "../core/sensor-ref.ts";
import { type Allowance, newBucket, takeToken } from "../core/token-bucket.ts";
import type { Heard, Profile, ProfileEffect, World } from "./profile.ts";

type Settings = Config["mqttio"];
type Input = Settings["inputs"][number];
type Output = Settings["outputs"][number];
type Sensor = Settings["sensors"][number];

/** By what the history, and this profile, know what came on these topics. */
const own = "mqtt-io";
const timedOff = "mqtt-io set_off_ms";
/** As long as a pulse of the core may be. */
const longestMs = 86_400_000;
/** Payloads that nobody understands are told of three times, then once a minute. */
const remarks: Allowance = { burst: 3, every: 60_000 };

/** The topics of mqtt-io: with an empty prefix they begin with a slash, as there. */
export function mqttioTopics({ prefix, status }: Settings) {
  const output = (name: string) => `${prefix}/output/${name}`;
  return {
    status: `${prefix}/${status.topic}`,
    input: (name: string) => `${prefix}/input/${name}`,
    output,
    sensor: (name: string) => `${prefix}/sensor/${name}`,
    /** What an output is commanded on. */
    commands: (name: string) => [`${output(name)}/set`, `${output(name)}/set_on_ms`, `${output(name)}/set_off_ms`] as const,
  };
}

/**
 * The topics and payloads of mqtt-io 2.6. What is not retained is told when it changes, and after a time without a broker only where it is another one
 * now; what is retained also after each connect. A command is judged by the contract of its output.
 */
export function createMqttio(): Profile {
  /** What was told last, by the places in the lists. */
  const inputs: (boolean | undefined)[] = [];
  const outputs: (boolean | undefined)[] = [];
  const sensors: (Instant | undefined)[] = [];
  const bucket = newBucket(remarks);
  let online = false;
  /** How long an output is to be off by its last `set_off_ms`, which a plug carries out later. */
  const asked = new Map<string, number>();
  /** Outputs that go on again, by the end of their topics. */
  const returning = new Set<string>();

  const tellInputs = (world: World, birth: boolean): ProfileEffect[] =>
    each(world.config.mqttio.inputs, (input, index) => {
      const now = world.state.inputs[world.plan.inputIndex.get(input.input) ?? -1]?.debounce.settled;
      const before = inputs[index];
      if (now === undefined) return [];
      inputs[index] = now;
      const wanted = input.tells === "both" || (input.tells === "on") === now;
      const news = before === undefined ? input.tells === "both" : before !== now;
      return wanted && (news || (birth && input.retain === "true")) ? [inputState(world, input, now)] : [];
    });
  const tellOutput = (world: World, output: Output, index: number, always: boolean): ProfileEffect[] => {
    const now = world.state.outputs[world.plan.outputIndex.get(output.output) ?? -1]?.written;
    const news = outputs[index] !== now;
    if (now === undefined || !(news || always)) return [];
    outputs[index] = now;
    return [outputState(world, output, now)];
  };
  const tellSensors = (world: World, birth: boolean): ProfileEffect[] =>
    each(world.config.mqttio.sensors, (sensor, index) => {
      const { at, value } = reading(world, sensor) ?? {};
      if (at === undefined || value === undefined) return [];
      const news = sensors[index] !== at;
      sensors[index] = at;
      return news || (birth && sensor.retain === "true") ? [sensorState(world, sensor, value)] : [];
    });
  const tell = (world: World, birth = false): ProfileEffect[] => [
    ...tellInputs(world, birth),
    ...each(world.config.mqttio.outputs, (output, index) => tellOutput(world, output, index, birth && output.retain === "true")),
    ...tellSensors(world, birth),
  ];

  const heard = (world: World, { topic, ...message }: Heard, at: Instant): ProfileEffect[] => {
    const { mqttio } = world.config;
    const { commands } = mqttioTopics(mqttio);
    const output = mqttio.outputs.find(({ name }) => commands(name).some((one) => one === topic));
    // An empty message is how somebody clears a retained command.
    if (!output || message.payload === "") return [];
    const [set, setOn] = commands(output.name);
    asked.delete(output.output);
    const retain = message.retain && !(topic === set && output.retained === "accept");
    const command = (state: "ON" | "OFF", more: { for_ms?: number; cause?: string } = {}): ProfileEffect[] => [
      { type: "command", output: output.output, message: { ...message, retain, payload: JSON.stringify({ state, cause: own, ...more }) } },
    ];
    if (topic === set) {
      if (message.payload === output.on) return command("ON", output.timed_set === null ? {} : { for_ms: output.timed_set });
      if (message.payload === output.off) return command("OFF");
      return remark(at, `output ${output.output}: a payload on \`set\` is neither its on nor its off`);
    }
    const ms = readMs(message.payload);
    if (ms === null) return remark(at, `output ${output.output}: a payload is no time between 1 and ${longestMs} ms`);
    if (topic === setOn) return command("ON", { for_ms: ms });
    if (!message.retain) asked.set(output.output, ms);
    return command("OFF", { cause: timedOff });
  };
  const remark = (at: Instant, message: string): ProfileEffect[] =>
    takeToken(bucket, remarks, at) ? [{ type: "log", level: "warn", message: `mqtt-io: ${message}; it was ignored` }] : [];

  /** Whatever else is written to an output that is to go on again ends that. */
  const timers = (output: string, active: boolean, cause: Cause, at: Instant): ProfileEffect[] => {
    const ms = !active && cause.kind === "mqtt" && cause.detail === timedOff ? asked.get(output) : undefined;
    if (ms !== undefined) {
      returning.add(output);
      return [{ type: "startTimer", key: output, at: at + ms }];
    }
    return returning.delete(output) ? [{ type: "stopTimer", key: output }] : [];
  };

  return {
    topics: ({ config: { mqttio } }) =>
      mqttio.outputs.flatMap(({ name, retained }) => {
        const { commands } = mqttioTopics(mqttio);
        const [set, ...timed] = commands(name);
        const all = [{ topic: set, retained: retained === "accept" }, ...timed.map((topic) => ({ topic, retained: false }))];
        return all.map((one) => ({ ...one, commands: true as const }));
      }),
    watches: ({ config: { mqttio }, plan }) => [
      ...mqttio.inputs.map(({ input }) => plan.topics.inputState(input)),
      ...mqttio.outputs.map(({ output }) => plan.topics.outputState(output)),
      ...mqttio.sensors.map(({ sensor }) => plan.topics.sensorState(sensor.split(".")[0] ?? "")),
    ],
    /** A command that changes nothing is answered by the state, too. */
    written(world, { output: id, active, cause, at }) {
      const always = cause.kind === "mqtt" && (cause.detail === own || cause.detail === timedOff);
      const told = online
        ? each(world.config.mqttio.outputs, (output, index) => (output.output === id ? tellOutput(world, output, index, always) : []))
        : [];
      return [...timers(id, active, cause, at), ...told];
    },
    step(world, event) {
      switch (event.type) {
        case "birth":
          online = true;
          return tell(world, true);
        case "told":
        case "changed":
          return online ? tell(world) : [];
        case "heard":
          return heard(world, event.message, event.at);
        case "timer-due": {
          const payload = JSON.stringify({ state: "ON", cause: timedOff });
          const message = { payload, retain: false, responseTopic: null, correlationData: null };
          return returning.delete(event.key) ? [{ type: "command", output: event.key, message }] : [];
        }
        case "offline":
          online = false;
          return [];
        case "started":
        case "listening":
        case "delivered":
          return [];
      }
    },
  };
}

function each<T>(items: readonly T[], make: (item: T, index: number) => ProfileEffect[]): ProfileEffect[] {
  return items.flatMap(make);
}

function inputState({ config }: World, { name, on, off, retain }: Input, active: boolean): ProfileEffect {
  return publication(mqttioTopics(config.mqttio).input(name), active ? on : off, retain);
}

function outputState({ config }: World, { name, on, off, retain }: Output, active: boolean): ProfileEffect {
  return publication(mqttioTopics(config.mqttio).output(name), active ? on : off, retain);
}

function sensorState({ config }: World, { name, scale, digits, retain }: Sensor, value: number | boolean | string): ProfileEffect {
  const payload = typeof value === "number" ? (value * scale).toFixed(digits) : String(value);
  return publication(mqttioTopics(config.mqttio).sensor(name), payload, retain);
}

function publication(topic: string, payload: string, retain: "true" | "false"): ProfileEffect {
  return { type: "publish", publication: { topic, payload, qos: 0, retain: retain === "true" } };
}

/** What a sensor says, and since when, while that holds. */
function reading({ plan, state }: World, { sensor }: Sensor) {
  const ref = valueRefOf(plan.sensorIndex, sensor);
  const from = ref && state.sensors[ref.sensor];
  if (!ref || !from || qualityOf(from) !== "ok") return undefined;
  return { at: from.at, value: measuredAt(state, ref)?.value };
}

/** Milliseconds, as whole ones; a fraction is rounded. */
function readMs(payload: string): number | null {
  const text = payload.trim();
  if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) return null;
  const ms = Math.round(Number(text));
  return ms >= 1 && ms <= longestMs ? ms : null;
}
