import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import type { BrokerWay } from "./broker-link.ts";
import { linkOptions } from "./link-options.ts";
import type { Profile } from "./profile/profile.ts";
import { createProfiles, type Profiles, type ProfilesOptions } from "./profiles.ts";
import type { Dispatch } from "./shell/dispatch.ts";
import { createLink, type Link, type LinkOptions } from "./shell/link.ts";
import { logOf } from "./shell/log-of.ts";

/** What every connection beside the node's own needs. */
export interface ConnectionOptions extends Pick<ProfilesOptions, "current" | "send" | "readClock" | "store" | "clock" | "log"> {
  config: Config;
  host: Host;
  dispatch: Dispatch;
  way: BrokerWay;
  tls: NonNullable<LinkOptions["tls"]>;
  /** A retained topic that nobody owns any more, at the latest with the next connect. */
  clear(topic: string): void;
  /** These have an owner again: no connect empties them any more. */
  owned(topics: readonly string[]): void;
}

export interface ProfileLinkOptions extends ConnectionOptions {
  /** In the log and in the health. */
  name: string;
  profile: Profile;
  /** The topic of its status, retained, and what it says: while commands are heard, at a stop, and by its will. */
  status: { topic: string; running: string; stopped: string; dead: string };
  own: Pick<LinkOptions, "clientId"> & Partial<LinkOptions>;
  /** Why it is not at the broker; null when it is. */
  onProblem(problem: string | null): void;
}

/** One connection, or some, beside the node's own. */
export interface Connection {
  /** After the broker was started. */
  start(): void;
  /** The configuration is another one. */
  changed(): void;
  /** Tells everything once more. */
  tellAll(): void;
  /** Says that it stops, empties these retained topics, and disconnects. */
  stop(gone?: readonly string[]): Promise<void>;
}

/** A connection that the configuration wants. */
export interface Wanted {
  /** In the health. */
  name: "mqtt-io" | "homie" | `tasmota ${string}`;
  /** What it is made of: with another text it is another connection. */
  text: string;
  /** Retained topics of it that are emptied when they are not wanted any more. */
  retained: readonly string[];
  open(): Connection;
}

/** A profile on a connection of its own: its status has a will, and MQTT knows one for each connection. */
export function createProfileLink(options: ProfileLinkOptions): Connection {
  const { config, host, dispatch, way, tls, name, profile, status, own, onProblem, ...shared } = options;
  const log = logOf(name, shared.log);
  const say = (payload: string, topic = status.topic) => ({ kind: "state", topic, payload, qos: 1, retain: true }) as const;
  const told = (problem: string | null) => onProblem(problem === null ? null : `${name}: ${problem}`);
  const profiles: Profiles = createProfiles({
    ...shared,
    log,
    profiles: { [name]: profile },
    link: () => link,
    tellAll,
    clear: (topic) => link.publish(say("", topic)),
  });
  const usual = linkOptions({ config, host, topics: shared.current().plan.topics, ...way });
  const link: Link = createLink({
    ...usual,
    tls,
    will: { ...usual.will, ...say(status.dead) },
    subscriptions: [],
    listensTo: () => profiles.listensTo(),
    announce: () => profiles.announcement(),
    birth: () => [],
    online: say(status.running),
    log,
    ...own,
    on: {
      online: () => told(null),
      offline: told,
      refused: told,
      closed: () => profiles.offline(),
      message: (message) => profiles.take(message),
    },
  });
  function tellAll(): void {
    profiles.tellAgain();
    // It says so only while commands are heard.
    if (link.view.online) link.publish(say(status.running));
  }
  return {
    start() {
      dispatch.witnesses.add(profiles.witness);
      link.start();
    },
    changed: () => profiles.changed(),
    tellAll,
    async stop(gone = []) {
      // Whatever breaks on the way, the connection ends: nobody would end it later.
      try {
        if (!link.view.online) for (const topic of gone) shared.clear(topic);
      } finally {
        await link.stop([say(status.stopped), ...gone.map((topic) => say("", topic))]);
        profiles.stop();
        dispatch.witnesses.delete(profiles.witness);
      }
    },
  };
}
