import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { deviceIdOf, homieClientOf } from "./identity.ts";
import { createHomie as createProfile } from "./profile/homie.ts";
import type { Named } from "./profile/quantities.ts";
import { type ConnectionOptions, createProfileLink, type Wanted } from "./profile-link.ts";

export interface HomieOptions extends ConnectionOptions {
  /** What a sensor measures. */
  quantities(sensor: string): readonly Named[];
  /** Why the device is not at the broker; null when it is. */
  onProblem(problem: string | null): void;
}

/** This node as a device of Homie; none while it is no device. */
export function wantedHomie(options: HomieOptions): Wanted[] {
  const { config, host, store, quantities } = options;
  if (config.homie.discovery !== "true") return [];
  const base = homieBase(config, host);
  const state = `${base}/$state`;
  const open = () =>
    createProfileLink({
      ...options,
      name: "homie",
      profile: createProfile({ base, quantities, announced: store.of("homie") }),
      status: { topic: state, running: "ready", stopped: "disconnected", dead: "lost" },
      own: {
        clientId: homieClientOf(host, config.node),
        subscriptions: homieFilters(config, host).map((filter) => ({ filter, qos: 1 })),
        listensTo: () => [],
      },
    });
  // The other topics are remembered, and taken back by the next device or, without one, by the node.
  return [{ name: "homie", text: base, retained: [state], open }];
}

/** The filters under which it is commanded; none while it is no device of Homie. */
export function homieFilters(config: Config, host: Host): string[] {
  return config.homie.discovery === "true" ? [`${homieBase(config, host)}/+/+/set`] : [];
}

function homieBase({ homie: { domain, id } }: Config, host: Host): string {
  return `${domain}/5/${id ?? deviceIdOf(host)}`;
}
