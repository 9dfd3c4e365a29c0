import type { Config } from "../../config/schema.ts";
import { readJson } from "../core/json-path.ts";
import type { Instant } from "../core/model.ts";
import { type Allowance, newBucket, takeToken } from "../core/token-bucket.ts";
import type { Heard, Profile, ProfileEffect, World } from "./profile.ts";

type Settings = Config["mistbuddy"][string];

/** How often it mists, and how soon the light must have answered (growbuddy section 4). */
const round = 60_000;
const answerTime = 500;
/** As many seconds as a round has would be without an end. */
const mostSeconds = 59;

/** More starts than that are left out, each asks the light; and more warnings than that are not logged. */
const starts: Allowance = { burst: 5, every: 1000 };
const warnings: Allowance = { burst: 3, every: 20_000 };

/** One that mists until it is stopped. */
interface Running {
  settings: Settings;
  seconds: number;
  /** The light was asked, and has not answered yet. */
  asked: boolean;
  /** What was said of the light last, so that it is logged once. */
  light: boolean | null;
}

/** MistBuddy of 2025: `cmnd/<topic>/ONOFF` with seconds mists so long in each minute in which there is light. What moves are outputs, by commands. */
export function createMistbuddies(): Profile {
  const running = new Map<string, Running>();
  const started = new Map<string, ReturnType<typeof newBucket>>();
  const warned = newBucket(warnings);
  let connected = false;

  function commanded(world: World, id: string, settings: Settings, { payload, retain }: Heard, at: Instant): ProfileEffect[] {
    // An empty message is how somebody clears a retained command.
    if (payload === "") return [];
    if (retain) return warn(id, "a retained command was ignored", at);
    const text = payload.trim();
    if (!/^[+-]?\d+$/.test(text)) return warn(id, "a command was ignored: it is not a whole number of seconds", at);
    const seconds = Number(text);
    if (seconds > mostSeconds) return [...stop(world, id, settings, "stopped"), ...warn(id, `no ${round / 1000} s or more: refused`, at)];
    if (seconds <= 0) return stop(world, id, settings, "stopped");
    return start(world, id, settings, seconds, at);
  }

  function start(world: World, id: string, settings: Settings, seconds: number, at: Instant): ProfileEffect[] {
    const bucket = started.get(id) ?? newBucket(starts);
    started.set(id, bucket);
    if (!takeToken(bucket, starts, at)) return warn(id, "too many commands: one was ignored", at);
    const before = running.get(id);
    running.set(id, { settings, seconds, asked: false, light: null });
    const effects = off(world, id, settings);
    if (before?.seconds !== seconds)
      effects.push({ type: "log", level: "info", message: `mistbuddy ${id}: ${lengths(world, settings, seconds)}, each minute` });
    if (settings.silence > 0) effects.push({ type: "startTimer", key: `silence ${id}`, at: at + settings.silence });
    return [...effects, ...ask(id, at)];
  }

  /** A round begins with the question whether there is light; without a broker nobody can answer. */
  function ask(id: string, at: Instant): ProfileEffect[] {
    const buddy = running.get(id);
    if (buddy === undefined) return [];
    const next: ProfileEffect = { type: "startTimer", key: `round ${id}`, at: at + round };
    if (!connected) return [next];
    buddy.asked = true;
    const publication = { topic: `cmnd/${buddy.settings.light}/Mem1`, payload: "", qos: 1, retain: false } as const;
    return [{ type: "publish", publication }, { type: "startTimer", key: `light ${id}`, at: at + answerTime }, next];
  }

  function answered(world: World, id: string, light: boolean, why: string): ProfileEffect[] {
    const buddy = running.get(id);
    if (!buddy?.asked) return [];
    const effects: ProfileEffect[] = [{ type: "stopTimer", key: `light ${id}` }];
    if (light !== (buddy.light ?? true))
      effects.push({ type: "log", level: "info", message: `mistbuddy ${id}: ${why}: ${light ? "it mists again" : "no mist"}` });
    buddy.asked = false;
    buddy.light = light;
    if (!light) return effects;
    const { settings, seconds } = buddy;
    const cause = `mistbuddy ${id}, ${seconds} s each minute`;
    return [
      ...effects,
      ...settings.outputs.map((output) => command(output, { state: "ON", for_ms: pulseOf(world, output, seconds), cause })),
    ];
  }

  function stop(world: World, id: string, settings: Settings, why: string): ProfileEffect[] {
    const effects = off(world, id, settings);
    if (running.delete(id)) effects.push({ type: "log", level: "info", message: `mistbuddy ${id}: ${why}` });
    return [...effects, ...["round", "light", "silence", "lost"].map((key): ProfileEffect => ({ type: "stopTimer", key: `${key} ${id}` }))];
  }

  function warn(id: string, message: string, at: Instant): ProfileEffect[] {
    return takeToken(warned, warnings, at) ? [{ type: "log", level: "warn", message: `mistbuddy ${id}: ${message}` }] : [];
  }

  return {
    topics: ({ config }) => {
      const all = Object.values(config.mistbuddy);
      const lights = new Set(all.map(({ light }) => resultTopic(light)));
      return [
        ...all.map(({ topic }) => ({ topic: commandTopic(topic), retained: false, commands: true as const })),
        ...[...lights].map((topic) => ({ topic, retained: false })),
      ];
    },
    watches: () => [],
    step(world, event) {
      const buddies = Object.entries(world.config.mistbuddy);
      switch (event.type) {
        case "heard": {
          const { topic, payload, retain } = event.message;
          const light = retain ? null : lightIn(payload);
          return buddies.flatMap(([id, settings]) => {
            if (topic === commandTopic(settings.topic)) return commanded(world, id, settings, event.message, event.at);
            if (light === null || topic !== resultTopic(settings.light)) return [];
            return answered(world, id, light, light ? "there is light" : "the light is off");
          });
        }
        case "timer-due": {
          const [what = "", id = ""] = event.key.split(" ");
          const settings = running.get(id)?.settings;
          if (settings === undefined) return [];
          if (what === "round") return ask(id, event.at);
          if (what === "light") return answered(world, id, false, "the light does not answer");
          return stop(world, id, settings, what === "lost" ? "stopped, the broker is lost" : "stopped, nobody has asked for mist for long");
        }
        case "birth":
          connected = true;
          return [...running.keys()].map((id) => ({ type: "stopTimer", key: `lost ${id}` }));
        case "offline": {
          const before = connected;
          connected = false;
          if (!before) return [];
          return [...running].flatMap(([id, buddy]): ProfileEffect[] => {
            buddy.asked = false;
            const { after, do: what } = buddy.settings.on_broker_lost;
            const lost: ProfileEffect = { type: "startTimer", key: `lost ${id}`, at: event.at + after };
            return [{ type: "stopTimer", key: `light ${id}` }, ...(what === "off" ? [lost] : [])];
          });
        }
        case "changed":
          return [...running].flatMap(([id, { settings }]) =>
            JSON.stringify(world.config.mistbuddy[id]) === JSON.stringify(settings)
              ? []
              : stop(world, id, settings, "stopped, its configuration has changed"),
          );
        case "started":
        case "listening":
        case "told":
        case "delivered":
          return [];
      }
    },
  };
}

function commandTopic(topic: string): string {
  return `cmnd/${topic}/ONOFF`;
}

function resultTopic(light: string): string {
  return `stat/${light}/RESULT`;
}

/** What an answer says of the light; null when it is none: such a device tells other things there, too. */
function lightIn(payload: string): boolean | null {
  const read = readJson(payload);
  if (!read.ok || typeof read.json !== "object" || read.json === null || !("Mem1" in read.json)) return null;
  return read.json.Mem1 === "1";
}

function off({ plan }: World, id: string, { outputs }: Settings): ProfileEffect[] {
  const there = outputs.filter((output) => plan.outputIndex.has(output));
  return there.map((output) => command(output, { state: "OFF", cause: `mistbuddy ${id}` }));
}

function command(output: string, body: { state: "ON" | "OFF"; for_ms?: number; cause: string }): ProfileEffect {
  return { type: "command", output, message: { payload: JSON.stringify(body), retain: false, responseTopic: null, correlationData: null } };
}

/** A pulse is never asked for that is longer than the output may have. */
function pulseOf({ plan }: World, output: string, seconds: number): number {
  const { pulseMax = null } = plan.outputs[plan.outputIndex.get(output) ?? -1] ?? {};
  return Math.min(seconds * 1000, pulseMax ?? Number.POSITIVE_INFINITY);
}

/** How long each output is really on: its contract may make it longer or shorter than what was asked for. */
function lengths(world: World, { outputs }: Settings, seconds: number): string {
  const { plan } = world;
  const each = outputs.map((output) => {
    const { minOn = 0, maxOn = null } = plan.outputs[plan.outputIndex.get(output) ?? -1] ?? {};
    return `${output} ${Math.min(Math.max(pulseOf(world, output, seconds), minOn), maxOn ?? Number.POSITIVE_INFINITY) / 1000} s`;
  });
  return each.join(", ");
}
