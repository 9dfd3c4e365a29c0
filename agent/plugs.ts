import type { AgentEvent, SetRequest } from "./core/model.ts";
import { type Clock, clockIsSet } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { few } from "./shell/few.ts";
import type { Announcement, Incoming, Link, ListenedTopic, Publication, Settled } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { keyOf, type OwedOff, type OwedStore } from "./shell/owed-store.ts";
import { Plug } from "./shell/plug.ts";
import { PlugDebt } from "./shell/plug-debt.ts";
import { PlugFarewell } from "./shell/plug-farewell.ts";

export interface PlugsOptions {
  current(): Current;
  observed(event: AgentEvent): void;
  send(event: AgentEvent): void;
  link(): Pick<Link, "publish">;
  store: Pick<OwedStore, "all" | "of" | "note" | "keep" | "done">;
  clock: Clock;
  log: Log;
}

/** The outputs that are real plugs, each by its id; and plugs that were some, until they are off. */
export interface Plugs {
  /** Takes up what an earlier run has left undone, and writes. Before a connection is there. */
  start(): void;
  /** What plugs say that are no longer configured. */
  listensTo(): ListenedTopic[];
  /** What a plug said; false when the topic is none of theirs. */
  take(message: Incoming): boolean;
  /** What they are told first on a new connection, in front of everything else. */
  connected(): readonly Announcement[];
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

const day = 86_400_000;
/** One that is no longer configured and gives no sign of life for so long is told nothing more until it gives one. */
const givenUpAfter = 30 * day;

export function createPlugs({ current, observed, send, link, store, clock, log }: PlugsOptions): Plugs {
  const plugs = new Map<string, { plug: Plug; debt: PlugDebt; at: OwedOff }>();
  /** By `keyOf`. */
  const farewells = new Map<string, PlugFarewell>();
  const tell = few(clock.now, ({ message, fields }) => log.warn(message, fields));
  let connected = false;
  /** Until a connection is taken over, what is to be said is handed to it. */
  let first: Announcement[] | undefined;

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
    const owed = isOwed(at, why);
    farewells.get(keyOf(at))?.close();
    farewells.delete(keyOf(at));
    const looked = () => debt.look();
    const shared = { id, current, observed, send, publish, clock, strange: strangeOf(id) };
    const plug = new Plug({ ...shared, looked, owed }, why);
    // The promise is kept on disk until it is done, also by an output of another name.
    const debt = new PlugDebt({
      owes: () => plug.owesOff,
      stopping: () => current().state.stopping,
      fragile: () => startOf(id) !== "off",
      note: (exit) => store.note({ ...at, ...(exit && { exit }) }),
      keep: (exit) => store.keep({ ...at, ...(exit && { exit }) }),
      done: () => store.done(at),
      kept: owed,
    });
    plugs.set(id, { plug, debt, at });
    if (connected) plug.connected();
  }

  /** An earlier run has not told it OFF. Of the OFF of its stop the start is the end, where that says what the plug is to be. */
  function isOwed(at: OwedOff, why: "start" | "reload"): boolean {
    const owed = store.of(at);
    if (owed === undefined) return false;
    const start = startOf(at.id);
    if (why === "reload" || !owed.exit || (start !== "on" && start !== "last")) return true;
    store.done(at);
    return false;
  }

  function startOf(id: string): "off" | "on" | "keep" | "last" | undefined {
    const { outputs, outputIndex } = current().plan;
    return outputs[outputIndex.get(id) ?? -1]?.startFrom;
  }

  function leave(): void {
    const { outputs, outputIndex } = current().plan;
    for (const [id, { plug, debt, at }] of plugs) {
      if (outputs[outputIndex.get(id) ?? -1]?.plug != null) continue;
      const owes = plug.owesOff;
      plug.close();
      debt.close();
      plugs.delete(id);
      if (!owes) continue;
      const owed = { ...at, ...sinceNow() };
      store.keep(owed);
      const farewell = bid(owed);
      if (connected) farewell.told();
    }
  }

  function bid(owed: OwedOff): PlugFarewell {
    const { id } = owed;
    let { since } = owed;
    const done = () => {
      farewells.delete(keyOf(owed));
      store.done(owed);
      log.info(`the plug of ${id}, which is no longer configured, is off`, { output: id });
    };
    const alive = () => {
      // For every sign of life a write would be too many.
      if (!clockIsSet(clock) || (since !== undefined && Math.abs(clock.wall() - since) < day)) return;
      since = clock.wall();
      store.keep({ ...owed, since });
    };
    const isGivenUp = () => {
      // Its time begins with the first clock that is set; one that was ahead by then was not.
      if (since === undefined || since > clock.wall() + day) alive();
      return hasBeenSilent(since);
    };
    const farewell = new PlugFarewell({ owed, publish, clock, strange: strangeOf(id), done, alive, isGivenUp });
    farewells.set(keyOf(owed), farewell);
    return farewell;
  }

  function hasBeenSilent(since: number | undefined): boolean {
    return since !== undefined && clock.wall() - since >= givenUpAfter;
  }

  function sinceNow(): Pick<OwedOff, "since"> {
    return clockIsSet(clock) ? { since: clock.wall() } : {};
  }

  function strangeOf(id: string): (problem: string) => void {
    return (problem) => tell(id, { message: `the plug of ${id} said ${problem}; that was ignored`, fields: { output: id } });
  }

  function publish(publication: Publication, settled?: Settled): void {
    if (first) first.push(settled ? { ...publication, settled } : publication);
    else link().publish(publication, settled);
  }

  function start(): void {
    apply("start");
    const configured = new Set([...plugs.values()].map(({ at }) => keyOf(at)));
    for (const owed of store.all()) {
      if (configured.has(keyOf(owed))) continue;
      bid(owed);
      const { id, since } = owed;
      // Whoever has thrown it away is not told so at each start for ever.
      if (hasBeenSilent(since)) continue;
      const until = since === undefined ? "after 30 days" : `from ${new Date(since + givenUpAfter).toISOString().slice(0, 10)} on`;
      const then = `it is switched off as soon as it is heard. If it is gone for good, nothing is to be done: ${until} it is only listened for`;
      log.warn(`the plug of ${id}, which is no longer configured, was not heard yet: ${then}`, { output: id });
    }
  }

  return {
    start,
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
      const said: Announcement[] = [];
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
      for (const { plug, debt } of plugs.values()) {
        debt.leave();
        plug.close();
      }
      for (const one of farewells.values()) one.close();
      plugs.clear();
      // What they say until the connection ends must begin nothing any more.
      farewells.clear();
    },
  };
}
