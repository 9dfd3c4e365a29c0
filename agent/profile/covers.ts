import type { Config } from "../../config/schema.ts";
import type { Heard, Profile, ProfileEffect, ProfilePublication, World } from "./profile.ts";

type Cover = Config["covers"][string];
type Word = "OPEN" | "CLOSE" | "STOP";

/** `P/cover/<id>`: a gate or a blind as one thing, moved by commands to its two outputs, which keep their contracts. */
export function createCovers(): Profile {
  /** What each state topic was told last. */
  const told = new Map<string, string>();
  const tell = (publication: ProfilePublication): ProfileEffect => {
    told.set(publication.topic, publication.payload);
    return { type: "publish", publication };
  };
  const news = (world: World) => statesOf(world).filter(({ topic, payload }) => told.get(topic) !== payload);

  return {
    topics: ({ config, plan }) =>
      Object.keys(config.covers).map((id) => ({ topic: plan.topics.coverSet(id), retained: false, commands: true })),
    watches: ({ config, plan }) => Object.values(config.covers).flatMap(({ open, close }) => [open, close].map(plan.topics.outputState)),
    step(world, event) {
      switch (event.type) {
        case "birth":
          return statesOf(world).map(tell);
        case "told":
          return news(world).map(tell);
        case "changed": {
          const wanted = new Set(statesOf(world).map(({ topic }) => topic));
          const gone = [...told.keys()].filter((topic) => !wanted.has(topic));
          for (const topic of gone) told.delete(topic);
          return [...gone.map((topic): ProfileEffect => ({ type: "clear", topic })), ...news(world).map(tell)];
        }
        case "heard":
          return heard(world, event.message);
        case "started":
        case "listening":
        case "timer-due":
        case "delivered":
        case "offline":
          return [];
      }
    },
  };
}

function statesOf(world: World): ProfilePublication[] {
  return Object.entries(world.config.covers).map(([id, cover]) => ({
    topic: world.plan.topics.coverState(id),
    payload: movement(world, cover),
    qos: 1,
    retain: true,
  }));
}

/** By what its outputs were seen to be. */
function movement({ plan, state }: World, { open, close }: Cover): string {
  const [opens, closes] = [open, close].map((id) => state.outputs[plan.outputIndex.get(id) ?? -1]?.written);
  if (opens === undefined || closes === undefined) return "UNKNOWN";
  return opens ? "opening" : closes ? "closing" : "stopped";
}

function heard({ config, plan }: World, message: Heard): ProfileEffect[] {
  const found = Object.entries(config.covers).find(([id]) => plan.topics.coverSet(id) === message.topic);
  // An empty message is how somebody clears a retained command.
  if (!found || message.payload === "") return [];
  const [id, { open, close }] = found;
  const order = read(message.payload);
  if (order === undefined) {
    const payload = JSON.stringify({ id: null, ok: false, reason: "malformed", message: "not OPEN, CLOSE or STOP" });
    return [{ type: "publish", publication: { topic: plan.topics.coverResult(id), payload, qos: 1, retain: false } }];
  }
  const { word, rest } = order;
  const { topic: _, ...asked } = message;
  const command = (output: string, state: string): ProfileEffect => ({
    type: "command",
    output,
    message: { ...asked, payload: rest === null ? state : JSON.stringify({ ...rest, state }) },
  });
  if (word === "STOP") return [command(open, "OFF"), command(close, "OFF")];
  const output = word === "OPEN" ? open : close;
  return [command(output, hasPulse(config.outputs[output]) ? "PULSE" : "ON")];
}

/** Whether an output is there to be pulsed: its configuration says for how long. */
export function hasPulse(output: Pick<Config["outputs"][string], "pulse"> | undefined): boolean {
  const pulse = output?.pulse ?? null;
  return typeof pulse === "number" || (pulse?.default ?? null) !== null;
}

/** The word, and what stands beside it for the output to judge. */
function read(payload: string): { word: Word; rest: object | null } | undefined {
  const text = payload.trim();
  if (!text.startsWith("{")) return wordOf(text, null);
  try {
    const { state, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return typeof state === "string" ? wordOf(state, rest) : undefined;
  } catch {
    return undefined;
  }
}

function wordOf(text: string, rest: object | null): { word: Word; rest: object | null } | undefined {
  const word = text.toUpperCase();
  return word === "OPEN" || word === "CLOSE" || word === "STOP" ? { word, rest } : undefined;
}
