import type { runUnitJob, UnitJobEnd } from "../systemd/unit-job.ts";
import type { Methods, ServiceVerb } from "./protocol.ts";
import { type Handlers, Refused } from "./shell/control.ts";
import type { Current } from "./shell/current.ts";
import type { Log } from "./shell/log.ts";
import { listedService } from "./unknown-id.ts";

export interface ServiceControlOptions {
  current(): Current;
  log: Log;
  /** The unit that this agent belongs to. */
  own: string | undefined;
  job: typeof runUnitJob;
  /** The agent stops. */
  closing: AbortSignal;
  /** How long a client waits for systemd, ms; then it is told that it goes on. */
  patience?: number;
}

const verbs: readonly ServiceVerb[] = ["start", "stop", "restart"];
const past: Readonly<Record<ServiceVerb, string>> = { start: "started", stop: "stopped", restart: "restarted" };

/** Starts, stops and restarts what the configuration allows, and writes down who asked for it and how it ended. */
export function createServiceControl({
  current,
  log,
  own,
  job,
  closing,
  patience = 3000,
}: ServiceControlOptions): Handlers["control-service"] {
  const running = new Set<string>();
  return async ({ unit, verb, by }: Methods["control-service"]["params"]) => {
    if (!verbs.includes(verb)) throw new Refused("malformed", `the verb must be one of ${verbs.join(", ")}`);
    const settings = listedService(current().config.services, unit);
    // Who it is cannot be seen on a unix socket from here: it is what the client says of itself.
    const who = typeof by === "string" && /^[\w.@-]{1,64}$/.test(by) ? by : "somebody";
    const asked = `${unit}: ${verb}, asked for by ${who} on the control socket`;
    const refuse = (reason: "not-allowed" | "busy" | "failed", why: string): never => {
      log.warn(`${asked}: refused, ${why}`, { event: "command-refused" });
      throw new Refused(reason, why);
    };
    const itself = unit === own;
    if (!settings.control.includes(verb))
      refuse("not-allowed", `the configuration does not allow to ${verb} ${unit}: add control: [${verb}] to it under services:`);
    if (itself && verb !== "restart")
      refuse("not-allowed", `an agent that is stopped cannot start itself again: systemctl ${verb} ${unit}`);
    if (running.has(unit)) refuse("busy", `systemd is busy with ${unit} already`);
    log.info(asked, { event: "service-controlled", unit });
    running.add(unit);
    // The answer to its own restart would never come.
    const ended = job(unit, verb, { user: settings.manager === "user", wait: !itself }).then((end) => {
      running.delete(unit);
      if (end.ok) log.info(`${unit}: ${itself ? "systemd restarts this agent" : past[verb]}`);
      else log.warn(`${unit}: ${verb} failed: ${end.message}`);
      return end;
    });
    // When systemd is faster than its own program the agent is stopped already: that is the answer.
    const end = await within(ended, patience, itself ? closing : undefined);
    if (end !== undefined && !end.ok)
      throw new Refused(end.denied ? "not-allowed" : "failed", sentenceOf(end, unit, verb, settings.manager));
    return { unit, verb, done: end !== undefined && !itself };
  };
}

async function within(ended: Promise<UnitJobEnd>, ms: number, closing?: AbortSignal): Promise<UnitJobEnd | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
    closing?.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const end = await Promise.race([ended, late]);
  clearTimeout(timer);
  return end;
}

function sentenceOf(
  { denied, message }: Extract<UnitJobEnd, { ok: false }>,
  unit: string,
  verb: ServiceVerb,
  manager: "system" | "user",
): string {
  if (!denied || manager === "user") return `${unit} was not ${past[verb]}: ${message}`;
  return `no polkit rule lets the agent ${verb} ${unit} (docs/terminal.md, Services); systemd said: ${message}`;
}
