import type { Plan } from "../core/plan.ts";

/** What Home Assistant takes as one entity, or as one trigger of a device. */
export interface Component {
  platform: Platform;
  unique_id?: string;
  name?: string;
  [key: string]: string | number | boolean | readonly string[] | readonly Availability[] | undefined;
}

export type Platform =
  | "binary_sensor"
  | "button"
  | "cover"
  | "device_automation"
  | "event"
  | "light"
  | "lock"
  | "sensor"
  | "switch"
  | "valve";

interface Availability {
  topic: string;
  value_template?: string;
}

/** Components by their key, which with the platform is what Home Assistant knows them again by. */
export type Components = Record<string, Component>;

/** Adds one with its unique id; a key is never used for two platforms, since removing the one would remove the other. */
export type Add = (key: string, component: Component) => void;

/** The name that a person gave, or the id in words: `gate-up` is `Gate up`. */
export function nameOf(id: string, given: string | null | undefined): string {
  const words = id.replaceAll("-", " ").trim();
  return given ?? (words === "" ? id : `${words.charAt(0).toUpperCase()}${words.slice(1)}`);
}

/** Available while the agent is, and each of `more` too. Never of an event: it would be replayed on its return. */
export function availableWith({ topics }: Plan, ...more: Availability[]): Partial<Component> {
  const availability = [{ topic: topics.status }, ...more];
  return more.length === 0 ? { availability } : { availability_mode: "all", availability };
}

/** While the line can be used: else its state is UNKNOWN. */
export function known(topic: string): Availability {
  return { topic, value_template: "{{ 'offline' if value == 'UNKNOWN' else 'online' }}" };
}

/** What is commanded from there: nothing is retained, and nothing is shown before it was seen. */
export const commanded = { retain: false, optimistic: false } as const;
