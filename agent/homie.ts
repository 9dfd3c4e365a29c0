import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import type { BrokerWay } from "./broker-link.ts";
import { deviceIdOf, homieClientOf } from "./identity.ts";
import { linkOptions } from "./link-options.ts";
import { createHomie as createProfile } from "./profile/homie.ts";
import type { Named } from "./profile/quantities.ts";
import { createProfiles, type Profiles, type ProfilesOptions } from "./profiles.ts";
import type { Dispatch } from "./shell/dispatch.ts";
import { createLink, type LinkOptions } from "./shell/link.ts";
import { logOf } from "./shell/log.ts";

export interface HomieOptions extends Pick<ProfilesOptions, "current" | "send" | "readClock" | "store" | "clock" | "log"> {
  config: Config;
  host: Host;
  dispatch: Dispatch;
  way: BrokerWay;
  tls: NonNullable<LinkOptions["tls"]>;
  /** What a sensor measures. */
  quantities(sensor: string): readonly Named[];
  /** Why the device is not at the broker; null when it is. */
  onProblem(problem: string | null): void;
}

/** This node as a device of Homie. It has a connection of its own: its last will is `lost`, and a connection has one will. */
export interface Homie {
  /** After the broker was started. */
  start(): void;
  /** The configuration is another one. */
  changed(): void;
  /** Tells everything once more. */
  tellAll(): void;
  /** Says `disconnected`, and disconnects. */
  stop(): Promise<void>;
}

export function createHomie(options: HomieOptions): Homie {
  const { config, host, dispatch, way, quantities, onProblem, ...shared } = options;
  if (config.homie.discovery !== "true") return { start() {}, changed() {}, tellAll() {}, stop: () => Promise.resolve() };
  const { current, store } = shared;
  const log = logOf("homie", shared.log);
  const base = homieBase(config, host);
  const state = (payload: string) => ({ kind: "state", topic: `${base}/$state`, payload, qos: 1, retain: true }) as const;
  const profiles: Profiles = createProfiles({
    ...shared,
    log,
    profiles: { homie: createProfile({ base, quantities, announced: store.of("homie") }) },
    link: () => link,
    tellAll,
    clear: (topic) => link.publish({ ...state(""), topic }),
  });
  const usual = linkOptions({ config, host, topics: current().plan.topics, ...way });
  const link = createLink({
    ...usual,
    tls: options.tls,
    clientId: homieClientOf(host, config.node),
    will: { ...usual.will, ...state("lost") },
    subscriptions: homieFilters(config, host).map((filter) => ({ filter, qos: 1 })),
    announce: () => profiles.announcement(),
    birth: () => [],
    online: state("ready"),
    log,
    on: {
      online: () => onProblem(null),
      offline: (problem) => onProblem(`homie: ${problem}`),
      refused: (problem) => onProblem(problem === null ? null : `homie: ${problem}`),
      closed: () => profiles.offline(),
      message: (message) => profiles.take(message),
    },
  });
  function tellAll(): void {
    for (const { settled, ...publication } of profiles.announcement()) link.publish(publication, settled);
    // It is ready only while sets are heard.
    if (link.view.online) link.publish(state("ready"));
  }
  return {
    start() {
      dispatch.witnesses.add(profiles.witness);
      link.start();
    },
    changed: () => profiles.changed(),
    tellAll,
    async stop() {
      await link.stop([state("disconnected")]);
      dispatch.witnesses.delete(profiles.witness);
      profiles.stop();
    },
  };
}

/** The filters under which it is commanded; none while it is no device of Homie. */
export function homieFilters(config: Config, host: Host): string[] {
  return config.homie.discovery === "true" ? [`${homieBase(config, host)}/+/+/set`] : [];
}

function homieBase({ homie: { domain, id } }: Config, host: Host): string {
  return `${domain}/5/${id ?? deviceIdOf(host)}`;
}
