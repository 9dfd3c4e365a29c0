import type { TriggerConfig } from "../../config/schema.ts";

/** Starts a rule, ends a pattern or drops a wait when somebody publishes something: this payload, this first word, or anything. */
export interface MessageTrigger {
  trigger: number;
  rule: number;
  payload: string | null;
  firstWord: string | null;
  /** What was said before counts, kept by the rule under this key. `agree` = so many must say the same; null = each change counts. */
  memory: { key: string; agree: number | null } | null;
  /** It starts nothing: it only makes the memory of another trigger begin anew. */
  forgets: string | null;
}

/** What messages with `changed_since` have said: by first word the rest. */
export interface MessageMemory {
  said: Map<string, string>;
  /** Enough have agreed, and that was told. */
  agreed: boolean;
}

/** So many first words are remembered; more are nobody's referees. */
const wordsKept = 16;
const lengthKept = 64;

/** What one `topic:` trigger listens to: the topic itself, and those on which its memory begins anew. */
export function messageTriggers(when: TriggerConfig, rule: number, trigger: number): [topic: string, MessageTrigger][] {
  const { topic, payload, first_word: firstWord, agree, changed_since: since } = when;
  if (topic === null) return [];
  const key = [topic, payload ?? "", firstWord ?? "", agree ?? ""].join("\n");
  const own = { trigger, rule, payload, firstWord, memory: since.length === 0 ? null : { key, agree }, forgets: null };
  return [
    ...since.map((other): [string, MessageTrigger] => [
      other,
      { trigger, rule, payload: null, firstWord: null, memory: null, forgets: key },
    ]),
    [topic, own],
  ];
}

/** Whether the message pulls the trigger. `memories` are those of its rule, and are changed. */
export function pulls(listener: MessageTrigger, payload: string, memories: Map<string, MessageMemory>): boolean {
  const { forgets, memory } = listener;
  if (forgets !== null) {
    memories.delete(forgets);
    return false;
  }
  if (listener.payload !== null && listener.payload !== payload) return false;
  const space = payload.indexOf(" ");
  const first = space < 0 ? payload : payload.slice(0, space);
  if (listener.firstWord !== null && listener.firstWord !== first) return false;
  return memory === null || isNews(memory, memories, first.slice(0, lengthKept), payload.slice(first.length).slice(0, lengthKept));
}

function isNews(
  { key, agree }: NonNullable<MessageTrigger["memory"]>,
  memories: Map<string, MessageMemory>,
  first: string,
  rest: string,
): boolean {
  const memory = memories.get(key) ?? { said: new Map<string, string>(), agreed: false };
  memories.set(key, memory);
  const { said } = memory;
  const changed = said.get(first) !== rest;
  if (said.has(first) || said.size < wordsKept) said.set(first, rest);
  if (agree === null) return changed;
  if (memory.agreed || [...said.values()].filter((other) => other === rest).length < agree) return false;
  memory.agreed = true;
  return true;
}
