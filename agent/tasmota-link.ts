import type { TasmotaConfig } from "../config/schema.ts";
import type { AgentEvent, Effect } from "./core/model.ts";
import type { Plan } from "./core/plan.ts";
import { observedWrite } from "./core/plug.ts";
import { type Allowance, newBucket, takeToken } from "./core/token-bucket.ts";
import { deviceMacOf } from "./identity.ts";
import { linkOptions } from "./link-options.ts";
import { type Command, maxPayload, parseCommands } from "./profile/tasmota/command.ts";
import {
  buttonReply,
  type Device,
  lwtTopic,
  type Moment,
  powerReplies,
  type Reply,
  type Step,
  stepsFor,
  switchReply,
  telemetry,
} from "./profile/tasmota/device.ts";
import { discoveryOf, discoveryTopics } from "./profile/tasmota/discovery.ts";
import { pulseMs } from "./profile/tasmota/pulse-time.ts";
import { sensorJson } from "./profile/tasmota/telemetry.ts";
import type { Current } from "./shell/current.ts";
import type { Witness } from "./shell/dispatch.ts";
import { few } from "./shell/few.ts";
import { createLink, type Incoming, type Link, type Publication } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { logOf } from "./shell/log-of.ts";
import type { TasmotaOptions } from "./tasmota.ts";
import { momentOf, type Self } from "./tasmota-facts.ts";
import { basesOf, clientOf } from "./tasmota-topics.ts";
import { actionOf, type Watched, watchedOf } from "./tasmota-watch.ts";

export interface TasmotaLinkOptions extends TasmotaOptions {
  id: string;
  device: TasmotaConfig;
}

/** As a real one asks for it. */
const keepalive = 30_000;

/** More commands than these are left out: each may be answered by dozens of messages. */
const allowance: Allowance = { burst: 60, every: 50 };

/** One device of Tasmota: its connection, what it answers, and what it tells of itself. It sees what the outputs really did. */
export class TasmotaLink implements Witness {
  readonly #options: TasmotaLinkOptions;
  readonly #device: Device;
  readonly #self: Omit<Self, "bootCount">;
  #bootCount = 0;
  readonly #log: Log;
  readonly #tellFew: (kind: string, message: string) => void;
  readonly #link: Link;
  /** What its commands come on, without the command. */
  readonly #bases: readonly string[];
  readonly #told: (boolean | null)[];
  readonly #bucket = newBucket(allowance);
  #watched: Watched | undefined;
  #sending: AgentEvent | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TasmotaLinkOptions) {
    const { id, config, host, version, device, way, clock, log } = options;
    const { topic, relays, switches, buttons, group } = device;
    this.#options = options;
    this.#log = logOf(`tasmota ${id}`, log);
    const tell = few(clock.now, ({ message, fields }) => this.#log.warn(message, fields));
    this.#tellFew = (kind, message) => tell(kind, { message, fields: { event: "command-refused" } });
    this.#device = {
      topic,
      name: device.name ?? id,
      relays: relays.length,
      switches: switches.map(({ name }, index) => name ?? `Switch${index + 1}`),
      buttons: buttons.length,
      group,
      powerRetain: device.power_retain === "on",
      tempUnit: device.temp_unit,
    };
    const mac = deviceMacOf(host, config.node, id);
    const client = clientOf(mac);
    this.#self = {
      version,
      mac,
      hostname: host.hostname,
      client,
      user: config.mqtt.username ?? "DVES_USER",
      keepaliveS: keepalive / 1000,
      startedAt: clock.now(),
    };
    this.#bases = basesOf(topic, group, client);
    this.#told = relays.map(() => null);
    const lwt = { topic: lwtTopic(this.#device), qos: 1, retain: true } as const;
    this.#link = createLink({
      ...linkOptions({ config, host, topics: options.current().plan.topics, ...way }),
      tls: options.tls,
      protocol: config.mqtt.protocol === "3.1" ? "3.1" : "3.1.1",
      clientId: client,
      keepalive,
      will: { ...lwt, payload: "Offline", delayS: 0 },
      sessionExpiryS: 0,
      subscriptions: this.#bases.map((base) => ({ filter: `${base}#`, qos: 1 })),
      birth: () => this.#birth(),
      online: { ...lwt, kind: "state", payload: "Online" },
      log: this.#log,
      on: {
        online: () => this.#online(),
        offline: (problem) => {
          clearTimeout(this.#timer);
          options.onProblem(id, `tasmota ${id}: ${problem}`);
        },
        message: (message) => this.#received(message),
      },
    });
  }

  start(): void {
    const { id, settings: kept } = this.#options;
    this.#bootCount = kept.booted(id);
    // What on_start has switched on before anybody looked.
    const { relays, settings } = this.#moment();
    for (const [relay, { on, leftMs }] of relays.entries()) {
      const ms = pulseMs(settings.pulseTime[relay] ?? 0);
      if (on === true && leftMs === 0 && ms > 0) this.#switch(relay, "ON", ms);
    }
    this.#link.start();
  }

  /**
   * Says `Offline` itself: that is sooner than the will. `gone` are retained topics to be emptied, if there is a broker: later another
   * device may have them.
   */
  async stop(gone: readonly string[] = []): Promise<void> {
    clearTimeout(this.#timer);
    const say = (topic: string, payload: string) => ({ kind: "state", topic, payload, qos: 1, retain: true }) as const;
    await this.#link.stop([say(lwtTopic(this.#device), "Offline"), ...gone.map((topic) => say(topic, ""))]);
  }

  turned(current: Current, event: AgentEvent, effects: readonly Effect[]): void {
    const { relays, switches, buttons } = this.#watch(current.plan);
    const moved = event.type === "output-failed" ? event : observedWrite(event, current.state);
    if (moved !== undefined) {
      const relay = relays.get(moved.output);
      if (relay !== undefined) this.#relayMoved(current, relay, moved);
    } else if (
      event.type === "command-received" &&
      event === this.#sending &&
      effects.some((effect) => effect.type === "answer" && !effect.verdict.ok)
    ) {
      const relay = relays.get(event.output);
      if (relay !== undefined) this.#tellRelay(relay, current.state.outputs[event.output]?.written ?? null);
    }
    for (const effect of effects) {
      if (effect.type !== "publish") continue;
      const index = switches.get(effect.topic);
      if (index !== undefined) this.#say(switchReply(this.#device, index, effect.payload === "ON"));
      const button = buttons.get(effect.topic);
      const action = button === undefined ? undefined : actionOf(effect.payload);
      if (button !== undefined && action !== undefined) this.#say(buttonReply(this.#device, button, action));
    }
  }

  #relayMoved(current: Current, relay: number, event: Extract<AgentEvent, { type: "output-written" | "output-failed" }>): void {
    const on = current.state.outputs[event.output]?.written ?? null;
    const { cause, pulse } = event.request;
    const own = cause.kind === "mqtt";
    const isNew = on !== this.#told[relay];
    if (isNew || own) this.#tellRelay(relay, on);
    // A button or a rule has switched it on: PulseTime holds for that as well.
    const ms = pulseMs(this.#settings().pulseTime[relay] ?? 0);
    // Whoever it was, a command to the output itself and a repeated ON too: its own ON with a PulseTime is the one that has a pulse.
    const endless = current.state.outputs[event.output]?.pulseEnds === null;
    if (event.type === "output-written" && event.active && pulse === null && endless && !cause.blink && ms > 0)
      this.#switch(relay, "ON", ms);
  }

  #watch(plan: Plan): Watched {
    if (this.#watched?.plan !== plan) this.#watched = watchedOf(this.#options.device, plan);
    return this.#watched;
  }

  #birth(): Publication[] {
    const { config, sensors } = discoveryTopics(this.#self.mac);
    const announced = (topic: string, json: unknown): Publication => ({
      kind: "state",
      topic,
      payload: json === null ? "" : JSON.stringify(json),
      qos: 1,
      retain: true,
    });
    if (this.#options.device.discovery === "off") return [announced(config, null), announced(sensors, null)];
    const moment = this.#moment();
    const sn = sensorJson(this.#device, moment) ?? { Time: moment.facts.time };
    return [announced(config, discoveryOf(this.#device, moment.facts)), announced(sensors, { sn, ver: 1 })];
  }

  #online(): void {
    this.#options.onProblem(this.#options.id, null);
    const moment = this.#moment();
    for (const [relay, { on }] of moment.relays.entries()) this.#tellRelay(relay, on);
    for (const reply of telemetry(this.#device, moment)) this.#say(reply);
    this.#tellLater();
  }

  #tellLater(): void {
    clearTimeout(this.#timer);
    const { telePeriod } = this.#settings();
    if (telePeriod === 0 || !this.#link.view.online) return;
    this.#timer = setTimeout(() => {
      for (const reply of telemetry(this.#device, this.#moment())) this.#say(reply);
      this.#tellLater();
    }, telePeriod * 1000).unref();
  }

  #received({ topic, payload, retain, cut }: Incoming): void {
    const base = this.#bases.find((item) => topic.startsWith(item));
    const name = base === undefined ? "" : topic.slice(base.length);
    // A device whose topic begins like this one's.
    if (name === "" || name.includes("/")) return;
    if (!takeToken(this.#bucket, allowance, this.#options.clock.now())) {
      this.#tellFew("many", "commands were left out: there are too many of them");
      return;
    }
    const commands = parseCommands(name, cut ? "" : payload.toString("utf8", 0, 4 * maxPayload));
    if (retain && !(this.#options.device.retained === "accept" && maySayAgain(name, commands))) {
      this.#tellFew("retained", "a retained command was ignored: it would come again at each connect");
      return;
    }
    // Each one sees what those before it have done.
    for (const command of commands) for (const step of stepsFor(this.#device, this.#moment(), command)) this.#do(step);
  }

  #do(step: Step): void {
    const { id, settings } = this.#options;
    switch (step.do) {
      case "reply":
        this.#say(step.reply);
        break;
      case "keep":
        settings.keep(id, this.#options.device, step.settings);
        this.#tellLater();
        break;
      case "switch":
        this.#switch(step.relay, step.word, step.forMs);
    }
  }

  /** As a command from the network, which it is: contract, cause, history and refusal are the same. */
  #switch(relay: number, word: "ON" | "OFF" | "TOGGLE", forMs: number | null): void {
    const { current, device, send, clock, id } = this.#options;
    const output = current().plan.outputIndex.get(device.relays[relay] ?? "");
    if (output === undefined) return;
    const payload = JSON.stringify({ state: word, ...(forMs !== null && { for_ms: forMs }), cause: `tasmota ${id}` });
    const event: AgentEvent = {
      type: "command-received",
      output,
      payload,
      retain: false,
      responseTopic: null,
      correlationData: null,
      at: clock.now(),
    };
    this.#sending = event;
    send(event);
  }

  #tellRelay(relay: number, on: boolean | null): void {
    this.#told[relay] = on;
    for (const reply of powerReplies(this.#device, relay, on)) this.#say(reply);
  }

  #say({ topic, payload, retain }: Reply): void {
    this.#link.publish({ kind: "answer", topic, payload, qos: 0, retain });
  }

  #settings() {
    const { id, device, settings } = this.#options;
    return settings.settings(id, device);
  }

  #moment(): Moment {
    const { device, clock, current } = this.#options;
    const { tempUnit } = this.#device;
    const self = { ...this.#self, bootCount: this.#bootCount };
    return momentOf(current(), { device, tempUnit, self, settings: this.#settings(), link: this.#link.view, now: clock.now() });
  }
}

/** A POWER that does no more when it comes again; what a Backlog has is not looked at. */
function maySayAgain(name: string, [command]: readonly Command[]): boolean {
  return /^power/i.test(name) && command?.do === "power" && command.word !== "TOGGLE";
}
