import type { AgentEvent, SetRequest } from "./core/model.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { few } from "./shell/few.ts";
import type { Incoming, Link, ListenedTopic, Publication } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { keyOf, type OwedOff, type OwedStore } from "./shell/owed-store.ts";
import { Plug } from "./shell/plug.ts";
import { PlugFarewell } from "./shell/plug-farewell.ts";

export interface PlugsOptions {
  current(): Current;
  observed(event: AgentEvent): void;
  send(event: AgentEvent): void;
  link(): Pick<Link, "publish">;
  store: Pick<OwedStore, "all" | "keep" | "done">;
  clock: Clock;
  log: Log;
}

/** The outputs that are real plugs, each by its id; and plugs that were some, until they are off. */
export interface Plugs {
  /** What plugs say that are no longer configured. */
  listensTo(): ListenedTopic[];
  /** What a plug said; false when the topic is none of theirs. */
  take(message: Incoming): boolean;
  /** What they are told first on a new connection, in front of everything else. */
  connected(): readonly Publication[];
  disconnected(): void;
  write(output: number, active: boolean, request: SetRequest): void;
  /** Another plan holds: plugs that are gone are let go of. Before their topics are. */
  leave(): void;
  /** And those that are new begin. Behind their topics. */
  apply(): void;
  /** Waits a moment for what was switched last. */
  stop(): Promise<void>;
}

/** How long the end of the agent waits for plugs to answer. */
const farewell = 1500;

export function createPlugs({ current, observed, send, link, store, clock, log }: PlugsOptions): Plugs {
  const plugs = new Map<string, { plug: Plug; at: OwedOff }>();
  /** By `keyOf`. */
  const farewells = new Map<string, PlugFarewell>();
  const tell = few(clock.now, ({ message, fields }) => log.warn(message, fields));
  let connected = false;
  /** Until a connection is taken over, what is to be said is handed to it. */
  let first: Publication[] | undefined;

  function apply(why: "start" | "reload"): void {
    for (const { id, plug } of current().plan.outputs) {
      if (plug === null) continue;
      const known = plugs.get(id);
      if (known) known.plug.reloaded();
      else add({ id, topic: plug.topic, relay: plug.relay }, why);
    }
  }

  function add(at: OwedOff, why: "start" | "reload"): void {
    const { id } = at;
    const unprotected = () =>
      tell(`${id} PulseTime`, {
        message: `the plug of ${id} has not said that it took its PulseTime: it may stay on if this machine dies`,
        fields: { output: id },
      });
    const owed = store.all().some((other) => keyOf(other) === keyOf(at));
    farewells.get(keyOf(at))?.close();
    farewells.delete(keyOf(at));
    // The promise is kept on disk until it is done, also by an output of another name.
    const found = () => store.done(at);
    const shared = { id, current, observed, send, publish, clock, strange: strangeOf(id), unprotected };
    const plug = new Plug({ ...shared, ...(owed && { owed, found }) }, why);
    plugs.set(id, { plug, at });
    if (connected) plug.connected();
  }

  function leave(): void {
    const { outputs, outputIndex } = current().plan;
    for (const [id, { plug, at }] of plugs) {
      if (outputs[outputIndex.get(id) ?? -1]?.plug != null) continue;
      const owes = plug.owesOff;
      plug.close();
      plugs.delete(id);
      if (!owes) continue;
      store.keep(at);
      const farewell = bid(at);
      if (connected) farewell.told();
    }
  }

  function bid(owed: OwedOff): PlugFarewell {
    const { id } = owed;
    const done = () => {
      farewells.delete(keyOf(owed));
      store.done(owed);
      log.info(`the plug of ${id}, which is no longer configured, is off`, { output: id });
    };
    const farewell = new PlugFarewell({ owed, publish, clock, strange: strangeOf(id), done });
    farewells.set(keyOf(owed), farewell);
    return farewell;
  }

  function strangeOf(id: string): (problem: string) => void {
    return (problem) => tell(id, { message: `the plug of ${id} said ${problem}; that was ignored`, fields: { output: id } });
  }

  function publish(publication: Publication): void {
    if (first) first.push(publication);
    else link().publish(publication);
  }

  apply("start");
  const configured = new Set([...plugs.values()].map(({ at }) => keyOf(at)));
  for (const owed of store.all()) {
    if (configured.has(keyOf(owed))) continue;
    bid(owed);
    log.warn(`the plug of ${owed.id}, which is no longer configured, was not heard yet: it is switched off as soon as it is heard`, {
      output: owed.id,
    });
  }
  return {
    listensTo: () =>
      [...farewells.values()].flatMap(({ topics: { present, replies } }) => [
        { topic: present, retained: true },
        ...replies.map((topic) => ({ topic, retained: false })),
      ]),
    take(message) {
      const { plan } = current();
      const { topic } = message;
      const outputs = plan.plugIndex.get(topic);
      for (const output of outputs ?? []) plugs.get(plan.outputs[output]?.id ?? "")?.plug.heard(message);
      const gone = [...farewells.values()].filter(({ topics: { present, replies } }) => topic === present || replies.includes(topic));
      for (const farewell of gone) farewell.heard(message);
      return outputs !== undefined || gone.length > 0;
    },
    connected() {
      if (connected) return [];
      connected = true;
      const said: Publication[] = [];
      first = said;
      for (const farewell of farewells.values()) farewell.connected();
      for (const { plug } of plugs.values()) plug.connected();
      first = undefined;
      return said;
    },
    disconnected() {
      connected = false;
      for (const { plug } of plugs.values()) plug.disconnected();
      for (const farewell of farewells.values()) farewell.disconnected();
    },
    write(output, active, request) {
      plugs.get(current().plan.outputs[output]?.id ?? "")?.plug.write(active, request);
    },
    leave,
    apply: () => apply("reload"),
    async stop() {
      const answers = Promise.all([...plugs.values()].map(({ plug }) => plug.settled()));
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, farewell);
      });
      await Promise.race([answers, enough]);
      clearTimeout(timer);
      for (const one of [...[...plugs.values()].map(({ plug }) => plug), ...farewells.values()]) one.close();
      plugs.clear();
      // What they say until the connection ends must begin nothing any more.
      farewells.clear();
    },
  };
}
