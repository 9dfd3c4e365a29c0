import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, isSeq, parseDocument } from "yaml";
import { passwordLine } from "../embedded/password-file.ts";
import type { Play } from "./demo-play/play.ts";
import { exampleFolder, readExample } from "./example.ts";

/** What an agent of the demo runs with: its configuration, and what the environment says besides. */
export interface DemoSetting {
  text: string;
  env: Readonly<Record<string, string>>;
  /** What of the example is not there in the demo, by its path. */
  without: readonly string[];
  /** What of it is another one in the demo, by its path. */
  sooner: Readonly<Record<string, string>>;
  /** The server that is not reached; null when the example names none. */
  server: string | null;
}

/** The demo's own: its example as it is. */
export function ownSetting(): DemoSetting {
  return { text: readExample("demo"), env: {}, without: [], sooner: {}, server: null };
}

/** How the place is reached at which the example belongs: the demo has a broker of its own, and none of its keys. */
const left = {
  mqtt: ["server", "port", "tls", "ca", "cert", "key", "servername", "tls_min", "tls_verify", "username", "password", "env"],
  broker: ["username", "password", "cert", "key", "ca", "require_certificate", "tls_min", "bridge"],
} as const;

/**
 * The text of an example on the simulated board, with the built-in broker on free ports of this machine, as its play wants it. The files that it needs
 * are put into `dir`.
 */
export async function exampleSetting(text: string, dir: string, play: Pick<Play, "users" | "sooner"> = {}): Promise<DemoSetting> {
  const { users = {}, sooner = {} } = play;
  const document = parseDocument(text);
  const server: unknown = document.getIn(["mqtt", "server"]);
  const servers = [isSeq(server) ? server.toJSON() : (server ?? [])].flat();
  const without: string[] = [];
  const leaveOut = (section: string, key: string) => {
    if (isMap(document.get(section)) && document.deleteIn([section, key])) without.push(`${section}.${key}`);
  };
  for (const [section, keys] of Object.entries(left)) for (const key of keys) leaveOut(section, key);
  for (const [path, value] of Object.entries(sooner)) document.setIn(path.split("."), value);
  const file: unknown = document.getIn(["broker", "password_file"]);
  // Nobody of those who are in the real one: the demo comes in as the agent does.
  const lines = await Promise.all(Object.entries(users).map(([user, password]) => passwordLine(user, password)));
  if (typeof file === "string") writeFileSync(join(dir, "users"), lines.join("\n"), { mode: 0o600 });
  const listeners: unknown = document.getIn(["broker", "listeners"]);
  const hasPages = isSeq(listeners) && listeners.items.some((listener) => isMap(listener) && listener.get("protocol") === "ws");
  const rights: unknown = document.getIn(["broker", "acl_file"]);
  if (typeof rights === "string" && existsSync(join(exampleFolder, rights))) copyFileSync(join(exampleFolder, rights), join(dir, "rights"));
  else leaveOut("broker", "acl_file");
  return {
    text: String(document),
    env: {
      PINBUS_GPIO_DRIVER: "sim",
      PINBUS_STATE_DIR: join(dir, "state"),
      PINBUS_CONTROL_SOCKET: join(dir, "control.sock"),
      PINBUS_BROKER_LISTENERS: ["mqtt://127.0.0.1:0", ...(hasPages ? ["ws://127.0.0.1:0"] : [])].join(","),
      PINBUS_BROKER_SYS_INTERVAL: "1s",
      ...(typeof file === "string" && { PINBUS_BROKER_PASSWORD_FILE: join(dir, "users") }),
      ...(existsSync(join(dir, "rights")) && { PINBUS_BROKER_ACL_FILE: join(dir, "rights") }),
    },
    without: without.filter((path) => path !== "mqtt.server"),
    sooner,
    server: servers.length === 0 ? null : servers.join(", "),
  };
}
