import type { Config } from "../../../config/schema.ts";
import type { Effect, Instant } from "../../core/model.ts";
import type { Plan } from "../../core/plan.ts";
import { enableRule } from "../../core/rule.ts";
import type { State } from "../../core/state.ts";
import { memberOf } from "./jury.ts";
import { askRule } from "./rules.ts";
import { anyPlatform, platformsTopic, topicsOf, withoutPlatform } from "./topics.ts";

/** What of the section `owlcms` is more than rules. */
export interface OwlcmsPlan {
  /** Null while the configuration names none: it is the only one that owlcms has. */
  platform: string | null;
  /** It is heard of whichever platform. */
  anyStartup: string;
}

/** What owlcms has said of itself. */
export interface OwlcmsState {
  platforms: readonly string[] | null;
  jurySize: number | null;
  /** The one that this box is at; null while that is not known. */
  platform: string | null;
  /** A sentence while the box cannot know its platform, or owlcms has it not. */
  problem: string | null;
}

const platformsKept = 32;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what comes from the network is printed.
const usable = /^[^+#/\u0000-\u001f\u007f-\u009f]{1,64}$/;

/** Null when the section names no button and no light: then `rules`, which it makes, are none. */
export function owlcmsPlanOf(config: Config["owlcms"], rules: Config["rules"]): OwlcmsPlan | null {
  return Object.hasOwn(rules, askRule) ? { platform: config.platform, anyStartup: topicsOf(config).anyStartup } : null;
}

export function newOwlcms(plan: OwlcmsPlan | null): OwlcmsState {
  return { platforms: null, jurySize: null, platform: plan?.platform ?? null, problem: null };
}

/** Whether somebody waits for what is said on this topic; whose platform it is may not be known yet. */
export function isAwaited({ owlcms, listeners: { messages } }: Pick<Plan, "owlcms" | "listeners">, topic: string): boolean {
  if (messages.has(topic) || (owlcms !== null && topic === platformsTopic)) return true;
  return owlcms !== null && withoutPlatform(topic).some((known) => messages.has(known.topic));
}

/** The topics under which rules know what is said: its own, and the one that names no platform, if it is that of this box. */
export function topicsHeard({ owlcms, listeners: { messages } }: Plan, state: State, topic: string): string[] {
  const own = messages.has(topic) ? [topic] : [];
  if (owlcms === null) return own;
  const others = withoutPlatform(topic).filter(
    ({ topic: known, platform }) => messages.has(known) && (platform === state.owlcms.platform || known === owlcms.anyStartup),
  );
  return [...new Set([...own, ...others.map((other) => other.topic)])];
}

/** A publication with the platform of this box; null, and a warning, while that is not known. */
export function addressed<T extends Extract<Effect, { type: "publish" }>>(
  state: State,
  rule: string,
  effect: T,
  effects: Effect[],
): T | null {
  if (!effect.topic.includes(anyPlatform)) return effect;
  const { platform, problem } = state.owlcms;
  if (platform !== null) return { ...effect, topic: effect.topic.replace(anyPlatform, () => platform) };
  const message = `rule ${rule}: nothing was said to owlcms: ${problem ?? "it has not told its platforms yet"}`;
  effects.push({ type: "log", level: "warn", message, fields: { event: "owlcms-platform", rule } });
  return null;
}

/** The answer to `owlcms/config`: it decides the platform, and how many jury members there are. What is no answer changes nothing. */
export function owlcmsHeard(
  plan: Plan,
  state: State,
  { topic, payload, at }: { topic: string; payload: string; at: Instant },
  effects: Effect[],
): void {
  if (plan.owlcms === null || topic !== platformsTopic) return;
  const answer = read(payload);
  if (answer === null) return;
  const { jurySize: known } = state.owlcms;
  Object.assign(state.owlcms, { ...answer, jurySize: answer.jurySize ?? known });
  settleOwlcms(plan, state, at, effects, known);
}

/** Makes what follows from what owlcms has said, after an answer and after a reload. `known` is the size of the jury before. */
export function settleOwlcms(plan: Plan, state: State, at: Instant, effects: Effect[], known = state.owlcms.jurySize): void {
  const { owlcms } = state;
  const before = { ...owlcms };
  const [only, ...others] = owlcms.platforms ?? [];
  owlcms.platform = plan.owlcms?.platform ?? (others.length === 0 ? (only ?? null) : null);
  owlcms.problem = plan.owlcms === null ? null : problemOf(plan.owlcms, owlcms.platforms);
  if (owlcms.problem !== before.problem || owlcms.platform !== before.platform) {
    state.healthVersion++;
    const message = owlcms.problem ?? `owlcms: this box is at the platform ${owlcms.platform}`;
    const level = owlcms.problem === null ? "info" : "warn";
    if (plan.owlcms !== null) effects.push({ type: "log", level, message, fields: { event: "owlcms-platform" } });
  }
  const { jurySize } = owlcms;
  if (plan.owlcms === null || jurySize === null) return;
  for (const [index, { id }] of plan.rules.entries()) {
    const member = memberOf(id);
    const [rests, comes] = member === null ? [false, false] : [member > jurySize, known === null || member > known];
    // The rules of who was there already are enabled, or disabled by somebody who wants that.
    if (rests || comes) enableRule(plan, state, index, !rests, `owlcms has a jury of ${jurySize}`, at, effects);
  }
}

function problemOf({ platform }: OwlcmsPlan, platforms: readonly string[] | null): string | null {
  if (platforms === null) return null;
  const list = platforms.join(", ");
  if (platforms.length === 0) return "owlcms has no platform: add one there";
  if (platform === null)
    return platforms.length === 1 ? null : `owlcms has the platforms ${list}: name the one of this box in owlcms.platform`;
  return platforms.includes(platform)
    ? null
    : `owlcms has no platform ${platform}: it has ${list}; correct owlcms.platform, or name it there`;
}

/** Everything else in it is not looked at. */
function read(payload: string): { platforms: string[]; jurySize: number | null } | null {
  let body: unknown;
  try {
    body = JSON.parse(payload);
  } catch {
    return null;
  }
  if (typeof body !== "object" || body === null || !("platforms" in body) || !Array.isArray(body.platforms)) return null;
  const names = body.platforms.filter((name): name is string => typeof name === "string" && usable.test(name));
  const size = "jurySize" in body ? body.jurySize : null;
  const jurySize = typeof size === "number" && Number.isInteger(size) && size >= 0 && size <= 9 ? size : null;
  return { platforms: [...new Set(names)].slice(0, platformsKept), jurySize };
}
