import type { Given } from "./environment.ts";
import { quote, serverPort } from "./formats.ts";
import { isSecure, protocolOf } from "./listeners.ts";
import type { Problem } from "./problem.ts";
import type { Config } from "./schema.ts";

/** The variables of owlcms, as far as they are read: weaker than those of pinbus, stronger than the file (seed 001). */
export interface Owlcms {
  /** Setting → the variable that gives it. */
  variables: ReadonlyMap<string, string>;
  problems: readonly Problem[];
  /** Puts the ports of the variables into the listeners of the built-in broker, unless `given` names the listeners themselves. */
  setPorts(broker: Config["broker"], given: Given): void;
}

/** `values` is what the file says. With `mqtt.env: off` nothing is read. */
export function readOwlcms(values: Record<string, unknown>, env: NodeJS.ProcessEnv, args: Readonly<Record<string, unknown>>): Owlcms {
  const file = (values.mqtt ?? {}) as { env?: unknown; server?: readonly unknown[] };
  const problems: Problem[] = [];
  const report = (name: string, message: string, fix: string) => {
    problems.push({ file: name, line: 0, column: 0, message, fix, severity: "error" });
  };
  const variables = new Map<string, string>();
  const nothing: Owlcms = { variables, problems, setPorts() {} };
  if ((args["mqtt-env"] ?? (env.PINBUS_MQTT_ENV || file.env)) !== "owlcms") return nothing;

  const named = args["mqtt-server"] || env.PINBUS_MQTT_SERVER || env.OWLCMS_MQTTSERVER;
  const external = Boolean(named) || (file.server ?? []).length > 0;
  const section = external ? "mqtt" : "broker";
  if (external) {
    variables.set("mqtt.server", "OWLCMS_MQTTSERVER");
    variables.set("mqtt.port", "OWLCMS_MQTTPORT");
  }
  const pair = ["OWLCMS_MQTTUSERNAME", "OWLCMS_MQTTPASSWORD"] as const;
  const [has, lacks] = env[pair[0]] ? pair : [pair[1], pair[0]];
  // A user and a password belong together: they are never mixed with the other half from somewhere else.
  const prefix = `PINBUS_${section.toUpperCase()}`;
  const ours = args[`${section}-username`] || env[`${prefix}_USERNAME`] || env[`${prefix}_PASSWORD`];
  if (!ours && env[has] && !env[lacks]) report(has, `there is no ${lacks} beside it`, "set both or none");
  else if (!ours) {
    variables.set(`${section}.username`, pair[0]);
    variables.set(`${section}.password`, pair[1]);
  }
  if (external) return nothing;

  const embedded = (env.OWLCMS_ENABLEEMBEDDEDMQTT ?? "").toLowerCase();
  if (embedded === "false")
    report("OWLCMS_ENABLEEMBEDDEDMQTT", "it wants no built-in broker, and no other one is named", "set OWLCMS_MQTTSERVER, or remove it");
  else if (embedded !== "" && embedded !== "true")
    report("OWLCMS_ENABLEEMBEDDEDMQTT", `${quote(embedded)} is not one of true, false`, "write true or false");
  const ports = { mqtt: readPort(env, "OWLCMS_MQTTPORT", report), ws: readPort(env, "OWLCMS_MQTTWSPORT", report) };
  return {
    variables,
    problems,
    setPorts({ listeners }, given) {
      if (given.from.has("broker.listeners") || given.unread.has("broker.listeners")) return;
      // Plain whatever the port is, as the broker of owlcms; only its clients take an 8 in front for TLS.
      for (const protocol of ["mqtt", "ws"] as const) {
        const port = ports[protocol];
        if (port === undefined) continue;
        const found = listeners.findIndex((listener) => protocolOf(listener) === protocol);
        const at = found < 0 ? listeners.length : found;
        const other = listeners.find((listener) => !isSecure(listener));
        listeners[at] = { address: (listeners[at] ?? other)?.address ?? null, protocol, port };
        given.from.set(`broker.listeners[${at}].port`, protocol === "ws" ? "OWLCMS_MQTTWSPORT" : "OWLCMS_MQTTPORT");
      }
    },
  };
}

function readPort(env: NodeJS.ProcessEnv, name: string, report: (name: string, what: string, fix: string) => void): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const reading = serverPort.read(text);
  if (reading.ok) return reading.value;
  report(name, reading.what, reading.fix);
  return undefined;
}
