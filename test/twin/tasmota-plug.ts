import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";

// A real plug as its users' documents describe it: MQTT 3.1.1, a will on tele/<t>/LWT, commands by the last level of the topic in any letter
// case, RESULT and then POWER, PulseTime in tenths of a second up to 111 and in seconds and 100 from 112 on.

export interface PlugOptions {
  url: string;
  topic: string;
  /** Default 1: its keys have no number then. */
  relays?: number;
  /** The relays at power-on; default off. */
  powerOn?: boolean;
  /** stat/<t>/POWER is retained. */
  powerRetain?: boolean;
}

export interface TasmotaPlug {
  /** Relay 1 first. */
  readonly on: readonly boolean[];
  /** What it was told, in order: `POWER ON`, `PulseTime 220`. */
  readonly commands: readonly string[];
  /** When a relay moved: `1 ON`, and by what. */
  readonly moves: readonly { relay: number; on: boolean; by: "command" | "button" | "pulse" | "power"; at: number }[];
  /** Commands with the retain flag. */
  readonly retained: readonly string[];
  /** Its answers get lost, or it hangs: it acts, and says nothing. */
  mute: boolean;
  /** It does not even act. */
  deaf: boolean;
  press(relay?: number): void;
  say(topic: string, payload: string, retain?: boolean): void;
  /** The wire is cut: the broker finds its will. It counts on. */
  cutOff(): Promise<void>;
  /** On the net again, as it left it. */
  comeBack(): Promise<void>;
  /** Its power goes and comes: relays as at power-on, and no word of farewell. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Relay {
  on: boolean;
  pulseTime: number;
  ends: number | null;
  timer?: NodeJS.Timeout;
}

const ms = (value: number) => (value > 111 ? (value - 100) * 1000 : value * 100);

export async function plugIn({ url, topic, relays: count = 1, powerOn = false, powerRetain = false }: PlugOptions): Promise<TasmotaPlug> {
  const relays: Relay[] = Array.from({ length: count }, () => ({ on: powerOn, pulseTime: 0, ends: null }));
  const commands: string[] = [];
  const retained: string[] = [];
  const moves: { relay: number; on: boolean; by: "command" | "button" | "pulse" | "power"; at: number }[] = [];
  let client: MqttClient | undefined;
  const key = (index: number) => (count === 1 ? "POWER" : `POWER${index + 1}`);
  const tell = (suffix: string, payload: string, retain = false) => {
    if (!twin.mute && !twin.deaf) client?.publish(`stat/${topic}/${suffix}`, payload, { qos: 0, retain });
  };
  const tellPower = (index: number) => {
    const word = relays[index]?.on ? "ON" : "OFF";
    tell("RESULT", JSON.stringify({ [key(index)]: word }));
    tell(key(index), word, powerRetain);
  };
  const arm = (index: number) => {
    const relay = relays[index];
    if (!relay) return;
    clearTimeout(relay.timer);
    relay.ends = null;
    if (!relay.on || relay.pulseTime === 0) return;
    relay.ends = Date.now() + ms(relay.pulseTime);
    relay.timer = setTimeout(() => switchTo(index, false, "pulse"), ms(relay.pulseTime));
  };
  const switchTo = (index: number, on: boolean, by: "command" | "button" | "pulse") => {
    const relay = relays[index];
    if (!relay) return;
    if (relay.on !== on) moves.push({ relay: index + 1, on, by, at: Date.now() });
    relay.on = on;
    arm(index);
    tellPower(index);
  };
  const remaining = ({ ends }: Relay) => {
    const left = ends === null ? 0 : Math.max(0, ends - Date.now());
    return left > 11_100 ? Math.floor(left / 1000) + 100 : Math.floor(left / 100);
  };
  const hear = (command: string, payload: string, retain: boolean) => {
    if (twin.deaf) return;
    const [, name = "", digits = ""] = /^([a-z]+)(\d*)$/i.exec(command) ?? [];
    const index = digits === "" ? 0 : Number(digits) - 1;
    const relay = relays[index];
    const shown = name.toLowerCase() === "pulsetime" ? "PulseTime" : name.toUpperCase();
    commands.push(`${shown}${digits} ${payload}`.trim());
    if (retain) retained.push(command);
    if (!relay) return tell("RESULT", '{"Command":"Unknown"}');
    if (name.toLowerCase() === "power") {
      const word = payload.toUpperCase();
      if (["ON", "1", "TRUE"].includes(word)) switchTo(index, true, "command");
      else if (["OFF", "0", "FALSE"].includes(word)) switchTo(index, false, "command");
      else if (["TOGGLE", "2"].includes(word)) switchTo(index, !relay.on, "command");
      else tellPower(index);
      return;
    }
    if (name.toLowerCase() !== "pulsetime") return tell("RESULT", '{"Command":"Unknown"}');
    if (payload !== "") {
      relay.pulseTime = Number(payload);
      arm(index);
    }
    tell("RESULT", JSON.stringify({ [`PulseTime${index + 1}`]: { Set: relay.pulseTime, Remaining: remaining(relay) } }));
  };
  const connectOnce = async () => {
    client = await connectAsync(url, {
      protocolVersion: 4,
      clean: true,
      clientId: `DVES_${topic.replace(/\W/g, "")}`,
      keepalive: 30,
      reconnectPeriod: 0,
      will: { topic: `tele/${topic}/LWT`, payload: Buffer.from("Offline"), qos: 1, retain: true },
    });
    client.on("error", () => undefined);
    client.on("message", (heard, payload, { retain }) => hear(heard.split("/").at(-1) ?? "", payload.toString(), retain));
    client.publish(`tele/${topic}/LWT`, "Online", { qos: 0, retain: true });
    client.publish(`cmnd/${topic}/POWER`, "", { qos: 0 });
    await client.subscribeAsync([`cmnd/${topic}/#`, "cmnd/tasmotas/#"], { qos: 1 });
    for (const index of relays.keys()) tellPower(index);
  };
  // As a real one: RabbitMQ ends a connection while it still knows an older one of the same client.
  const connect = async () => {
    for (let tries = 1; ; tries++) {
      try {
        return await connectOnce();
      } catch (error) {
        if (tries === 20) throw error;
        await cut();
        await pause(250);
      }
    }
  };
  const cut = async () => {
    const old = client;
    client = undefined;
    old?.stream.destroy();
    await old?.endAsync(true);
  };
  const twin: TasmotaPlug = {
    get on() {
      return relays.map(({ on }) => on);
    },
    commands,
    moves,
    retained,
    mute: false,
    deaf: false,
    press: (relay = 1) => switchTo(relay - 1, !relays[relay - 1]?.on, "button"),
    say: (to, payload, retain = false) => void client?.publish(to, payload, { qos: 1, retain }),
    cutOff: cut,
    comeBack: connect,
    async restart() {
      await cut();
      for (const [index, relay] of relays.entries()) {
        if (relay.on !== powerOn) moves.push({ relay: index + 1, on: powerOn, by: "power", at: Date.now() });
        relay.on = powerOn;
        arm(index);
      }
      await connect();
    },
    async stop() {
      for (const { timer } of relays) clearTimeout(timer);
      await client?.endAsync(true);
    },
  };
  await connect();
  return twin;
}
