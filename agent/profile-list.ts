import type { Host } from "../config/host.ts";
import type { Bus } from "./bus.ts";
import { deviceIdOf } from "./identity.ts";
import { createCarbot } from "./profile/carbot.ts";
import { createCovers } from "./profile/covers.ts";
import { createHomeassistant } from "./profile/homeassistant.ts";
import { createMistbuddies } from "./profile/mistbuddy.ts";
import type { Named } from "./profile/quantities.ts";
import { createTakenBack } from "./profile/taken-back.ts";
import { createProfiles, type Profiles, type ProfilesOptions } from "./profiles.ts";
import { tasmotaAnnounced } from "./tasmota-topics.ts";

export interface ProfileListOptions extends Omit<ProfilesOptions, "profiles" | "link" | "clear"> {
  host: Host;
  version: string;
  bus(): Pick<Bus, "link" | "retained" | "clear">;
  /** What a sensor measures. */
  quantities(sensor: string): readonly Named[];
}

/** What a packet may have on a broker that does not say it: as much as the least of the large public ones takes. */
const usualPacket = 128 * 1024;

/** The profiles that command outputs: each asks for its topics by its configuration alone. */
export function commandingProfiles() {
  return { carbot: createCarbot(), covers: createCovers(), mistbuddy: createMistbuddies() };
}

/** Every profile by its name, under which it keeps what it keeps. */
export function createProfileList({ host, version, bus, quantities, ...shared }: ProfileListOptions): Profiles {
  const { current, store } = shared;
  const largest = () => {
    const { mqtt, broker } = current().config;
    return bus().link.largestPacket ?? (mqtt.server.length === 0 ? broker.max_packet : usualPacket);
  };
  const homeassistant = createHomeassistant({
    identity: ({ config }) => ({
      uid: config.homeassistant.id ?? deviceIdOf(host),
      version,
      model: bus().retained.machine.model,
      quantities,
    }),
    largest,
    random: Math.random,
    announced: store.of("homeassistant"),
  });
  const tasmota = createTakenBack({
    topics: ({ config }) => tasmotaAnnounced(config, host),
    announced: () => store.of("tasmota"),
  });
  // While it is one, its own connection does that.
  const homie = createTakenBack({
    topics: ({ config }) => (config.homie.discovery === "true" ? null : []),
    announced: () => store.of("homie"),
  });
  return createProfiles({
    ...shared,
    profiles: {
      ...commandingProfiles(),
      homeassistant,
      tasmota,
      homie,
    },
    link: () => bus().link,
    clear: (topic) => bus().clear(topic),
  });
}
