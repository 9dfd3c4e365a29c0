import type { AgentEvent, Effect, Instant } from "./core/model.ts";
import { observedWrite } from "./core/plug.ts";
import { coversFilter } from "./embedded/topic-filter.ts";
import type { Profile, ProfileEffect, ProfileEvent } from "./profile/profile.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Witness } from "./shell/dispatch.ts";
import type { Announcement, Incoming, Link, ListenedTopic, Publication } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import type { ProfileStore } from "./shell/profile-store.ts";
import { Timers } from "./shell/timers.ts";

export interface ProfilesOptions {
  profiles: Readonly<Record<string, Profile>>;
  current(): Current;
  send(event: AgentEvent): void;
  /** Ages of commands are judged by the wall clock as it is now. */
  readClock(): void;
  link(): Link;
  /** As after a connect: everything, from `announcement` to the states. */
  tellAll(): void;
  /** A retained topic that nobody owns any more. */
  clear(topic: string): void;
  store: ProfileStore;
  clock: Clock;
  log: Log;
}

/** Does what the profiles decide, and tells them what happens. */
export interface Profiles {
  listensTo(): ListenedTopic[];
  /** The lines are there; the broker comes next. */
  start(): void;
  /** The broker was asked for what is heard by this filter, and grants or refuses it. */
  listening(filter: string, step: "asked" | "granted" | "refused"): void;
  /** What was heard; false when no profile listens there. */
  take(message: Incoming): boolean;
  /** What a broker is told before the states. */
  announcement(): Announcement[];
  /** Tells a broker that was told all that once more. */
  tellAgain(): void;
  /** The configuration, or what is known of the machine, is another one. */
  changed(): void;
  offline(): void;
  /** For the loop. */
  readonly witness: Witness;
  stop(): void;
}

/** More of a payload is not decoded. */
const decodedBytes = 4096;

export function createProfiles(options: ProfilesOptions): Profiles {
  const { profiles, current, send, link, store, clock, log } = options;
  const timers = new Timers<string>(clock, (whole, at) => {
    const [name = "", ...key] = whole.split(" ");
    step(name, { type: "timer-due", key: key.join(" "), at });
  });
  /** Who is told of each write: most are not, and a state waits for this. */
  const writing = Object.entries(profiles).filter(([, profile]) => profile.written !== undefined);
  let stopped = false;
  let connected = false;
  let watched = watchedTopics();
  let listeners = listenersByTopic();
  /** What was published since a reload, until the profiles know of it: they are told behind `changed`. */
  let untold: { effects: readonly Effect[]; at: Instant }[] | undefined;

  function step(name: string, event: ProfileEvent): void {
    for (const effect of profiles[name]?.step(current(), event) ?? []) perform(name, effect);
  }

  function stepAll(event: ProfileEvent): void {
    for (const name of Object.keys(profiles)) step(name, event);
  }

  function tell(effects: readonly Effect[], at: Instant): void {
    if (watched.size === 0) return;
    const said = effects.flatMap((effect) => (effect.type === "publish" && watched.has(effect.topic) ? [effect] : []));
    if (said.length > 0) stepAll({ type: "told", said, at });
  }

  function wrote({ plan }: Current, { output: index, active, request, at }: Extract<AgentEvent, { type: "output-written" }>): void {
    const output = plan.outputs[index]?.id ?? "";
    for (const [name, profile] of writing)
      for (const effect of profile.written?.(current(), { output, active, cause: request.cause, at }) ?? []) perform(name, effect);
  }

  function perform(name: string, effect: ProfileEffect): void {
    switch (effect.type) {
      case "publish": {
        const { settled, ...publication } = announcementOf(name, effect);
        link().publish(publication, settled);
        return;
      }
      case "clear":
        options.clear(effect.topic);
        return;
      case "command": {
        const output = current().plan.outputIndex.get(effect.output);
        if (output === undefined) return;
        options.readClock();
        send({ type: "command-received", output, ...effect.message, at: clock.now() });
        return;
      }
      case "end": {
        const output = current().plan.outputIndex.get(effect.output);
        if (output !== undefined) send({ type: "profile-ended", output, says: effect.cause, at: clock.now() });
        return;
      }
      case "commandRule": {
        const rule = current().plan.ruleIndex.get(effect.rule);
        if (rule === undefined) return;
        options.readClock();
        send({ type: "rule-command-received", rule, ...effect.message, at: clock.now() });
        return;
      }
      case "startTimer":
        timers.start(`${name} ${effect.key}`, effect.at);
        return;
      case "stopTimer":
        timers.stop(`${name} ${effect.key}`);
        return;
      case "tellAll":
        options.tellAll();
        return;
      case "keep":
        store.keep(name, effect.id, effect.value);
        return;
      case "log":
        log[effect.level](effect.message);
        return;
    }
  }

  function announcementOf(name: string, { publication, confirm }: Extract<ProfileEffect, { type: "publish" }>): Announcement {
    const { topic, payload, retain } = publication;
    const kind: Publication["kind"] = retain ? "state" : "answer";
    if (!confirm) return { kind, ...publication };
    return { kind, ...publication, settled: (error) => error ?? step(name, { type: "delivered", topic, payload }) };
  }

  function watchedTopics(): ReadonlySet<string> {
    return new Set(Object.values(profiles).flatMap((profile) => profile.watches(current())));
  }

  /** The names of the profiles that listen to a whole topic. */
  function listenersByTopic(): ReadonlyMap<string, ReadonlySet<string>> {
    const found = new Map<string, Set<string>>();
    for (const [name, profile] of Object.entries(profiles))
      for (const { topic } of profile.topics(current())) found.set(topic, (found.get(topic) ?? new Set()).add(name));
    return found;
  }

  function announcement(): Announcement[] {
    connected = true;
    const at = clock.now();
    const told: Announcement[] = [];
    for (const [name, profile] of Object.entries(profiles))
      for (const effect of profile.step(current(), { type: "birth", at })) {
        if (effect.type === "publish") told.push(announcementOf(name, effect));
        else perform(name, effect);
      }
    return told;
  }

  return {
    listensTo: () => Object.values(profiles).flatMap((profile) => [...profile.topics(current())]),
    start: () => stepAll({ type: "started", at: clock.now() }),
    listening(filter, how) {
      for (const [name, profile] of Object.entries(profiles))
        for (const { topic } of profile.topics(current()))
          if (coversFilter(filter, topic)) step(name, { type: "listening", topic, step: how });
    },
    take({ topic, payload, retain, responseTopic = null, correlationData = null }) {
      const listening = listeners.get(topic);
      if (listening === undefined) return false;
      const message = { topic, payload: payload.toString("utf8", 0, decodedBytes), retain, responseTopic, correlationData };
      for (const name of listening) step(name, { type: "heard", message, at: clock.now() });
      return true;
    },
    announcement,
    tellAgain() {
      // Without a broker none of it would arrive, and a profile would take itself for connected.
      if (connected) for (const { settled, ...publication } of announcement()) link().publish(publication, settled);
    },
    changed() {
      watched = watchedTopics();
      listeners = listenersByTopic();
      stepAll({ type: "changed", at: clock.now() });
      const waited = untold ?? [];
      untold = undefined;
      for (const { effects, at } of waited) tell(effects, at);
    },
    offline() {
      connected = false;
      // The exit states hold then, and no command does.
      if (!stopped) stepAll({ type: "offline", at: clock.now() });
    },
    witness: {
      turned(moment, event, effects) {
        const moved = observedWrite(event, moment.state);
        if (moved !== undefined) wrote(moment, moved);
        if (untold) untold.push({ effects, at: event.at });
        else tell(effects, event.at);
      },
      replaced(_moment, { at }, effects) {
        untold = [{ effects, at }];
      },
    },
    stop() {
      stopped = true;
      timers.close();
    },
  };
}
