import type { AgentEvent, SetRequest } from "./core/model.ts";
import type { Plan } from "./core/plan.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { few } from "./shell/few.ts";
import type { Incoming, Link, Publication } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { Plug } from "./shell/plug.ts";

export interface PlugsOptions {
  current(): Current;
  observed(event: AgentEvent): void;
  send(event: AgentEvent): void;
  link(): Pick<Link, "publish">;
  clock: Clock;
  log: Log;
}

/** The outputs that are real plugs, each by its id. */
export interface Plugs {
  /** What a plug said; false when the topic is none of theirs. */
  take(message: Incoming): boolean;
  /** What they are told first on a new connection, in front of everything else. */
  connected(): readonly Publication[];
  disconnected(): void;
  write(output: number, active: boolean, request: SetRequest): void;
  /** Another plan holds: plugs come and go. */
  apply(): void;
  /** Waits a moment for what was switched last. */
  stop(): Promise<void>;
}

/** How long the end of the agent waits for plugs to answer. */
const farewell = 1500;

export function createPlugs({ current, observed, send, link, clock, log }: PlugsOptions): Plugs {
  const plugs = new Map<string, Plug>();
  const tell = few(clock.now, ({ message, fields }) => log.warn(message, fields));
  let connected = false;
  /** Until a connection is taken over, what is to be said is handed to it. */
  let first: Publication[] | undefined;

  function apply(why: "start" | "reload"): void {
    const wanted = idsOf(current().plan);
    for (const [id, plug] of plugs) {
      if (wanted.has(id)) plug.reloaded();
      else {
        plug.close();
        plugs.delete(id);
      }
    }
    for (const id of wanted) if (!plugs.has(id)) add(id, why);
  }

  function add(id: string, why: "start" | "reload"): void {
    const strange = (problem: string) =>
      tell(id, { message: `the plug of ${id} said ${problem}; that was ignored`, fields: { output: id } });
    const publish = (publication: Publication) => {
      if (first) first.push(publication);
      else link().publish(publication);
    };
    const unprotected = () =>
      tell(`${id} PulseTime`, {
        message: `the plug of ${id} has not said that it took its PulseTime: it may stay on if this machine dies`,
        fields: { output: id },
      });
    const plug = new Plug({ id, current, observed, send, publish, clock, strange, unprotected }, why);
    plugs.set(id, plug);
    if (connected) plug.connected();
  }

  apply("start");
  return {
    take(message) {
      const { plan } = current();
      const outputs = plan.plugIndex.get(message.topic);
      for (const output of outputs ?? []) plugs.get(plan.outputs[output]?.id ?? "")?.heard(message);
      return outputs !== undefined;
    },
    connected() {
      if (connected) return [];
      connected = true;
      const said: Publication[] = [];
      first = said;
      for (const plug of plugs.values()) plug.connected();
      first = undefined;
      return said;
    },
    disconnected() {
      connected = false;
      for (const plug of plugs.values()) plug.disconnected();
    },
    write(output, active, request) {
      plugs.get(current().plan.outputs[output]?.id ?? "")?.write(active, request);
    },
    apply: () => apply("reload"),
    async stop() {
      const answers = Promise.all([...plugs.values()].map((plug) => plug.settled()));
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, farewell);
      });
      await Promise.race([answers, enough]);
      clearTimeout(timer);
      for (const plug of plugs.values()) plug.close();
      plugs.clear();
    },
  };
}

function idsOf({ outputs }: Plan): ReadonlySet<string> {
  return new Set(outputs.flatMap(({ id, plug }) => (plug === null ? [] : [id])));
}
