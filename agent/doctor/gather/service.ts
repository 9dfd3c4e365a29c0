import { X509Certificate } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { Config } from "../../../config/schema.ts";
import { readBounded } from "../../../config/text.ts";
import { parseShow } from "../../../systemd/units.ts";
import { encode, protocolVersion } from "../../protocol.ts";
import { type Named, ownFolders, passwordFiles } from "../drop-in.ts";
import type { CertificateFacts, FileFacts, SocketFacts, UnitFacts } from "../facts.ts";
import type { Fact } from "../finding.ts";
import { say } from "../sentence.ts";
import type { Names } from "./accounts.ts";
import { asRoot, deadline, printed } from "./deadline.ts";
import { readUnitTexts } from "./unit-files.ts";

const properties = ["LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "Result", "ExecMainStatus", "NeedDaemonReload"];

export async function gatherUnit(root: string, signal: AbortSignal): Promise<Fact<UnitFacts>> {
  const text = await printed("systemctl", ["show", `--property=${properties.join(",")}`, "--", "pinbus.service"], signal);
  const [found] = parseShow(text ?? "");
  if (!found) return { unknown: say`systemd does not run here` };
  return { value: { properties: found, texts: readUnitTexts(root) } };
}

/** Files whose readers and writers matter. */
export async function gatherFiles(named: Named, credentials: string, names: Names): Promise<Fact<FileFacts[]>> {
  const { config, file } = named;
  const wanted: Pick<FileFacts, "role" | "path" | "kind">[] = [
    { role: "the configuration", path: file, kind: "open" },
    { role: "its folder", path: dirname(file), kind: "open" },
    { role: "state_dir", path: config.state_dir, kind: "open" },
    ...ownFolders(config).flatMap(({ setting, path }) =>
      setting === "state_dir" ? [] : { role: `the folder of ${setting}`, path, kind: "open" as const },
    ),
    ...secretFiles(config).map(([role, path]) => ({ role, path, kind: "secret" as const })),
    ...passwordFiles(named).map((path) => ({ role: "a password", path, kind: "secret" as const })),
    { role: "the folder of the credentials", path: credentials, kind: "credential" },
    ...(await readdir(credentials).catch(() => [])).map((name) => ({
      role: "a credential",
      path: join(credentials, name),
      kind: "credential" as const,
    })),
  ];
  let denied = false;
  const found = await Promise.all(
    wanted.map(async (one): Promise<FileFacts> => {
      try {
        const { mode, uid, gid } = await stat(one.path);
        return { ...one, mode: mode & 0o7777, owner: names.users.get(uid) ?? String(uid), group: names.groups.get(gid) ?? String(gid) };
      } catch (error) {
        denied ||= (error as NodeJS.ErrnoException).code === "EACCES";
        return { ...one, mode: null, owner: "", group: "" };
      }
    }),
  );
  return denied ? { unknown: say`this user may not look at all of these files`, mend: asRoot } : { value: found };
}

function secretFiles({ mqtt, broker }: Config): [string, string][] {
  const named: readonly (readonly [string, string | null])[] = [
    ["mqtt.key", mqtt.key],
    ["broker.key", broker.key],
    ["broker.bridge.key", broker.bridge.key],
    ["broker.password_file", broker.password_file],
  ];
  return named.flatMap(([role, path]): [string, string][] => (path === null ? [] : [[role, path]]));
}

/** Many authorities in one file are normal; more than this is no certificate. */
const maxBytes = 1024 * 1024;

/** How long the certificates of the configuration hold; what cannot be read as one is the matter of `configuration`. */
export function gatherCertificates({ mqtt, broker }: Config): CertificateFacts[] {
  const named = Object.entries({
    "mqtt.cert": mqtt.cert,
    "mqtt.ca": mqtt.ca,
    "broker.cert": broker.cert,
    "broker.ca": broker.ca,
    "broker.bridge.cert": broker.bridge.cert,
    "broker.bridge.ca": broker.bridge.ca,
  });
  return named.flatMap(([role, path]) => {
    const reading = path === null ? undefined : readBounded(path, maxBytes);
    if (path === null || !reading?.ok) return [];
    const times = readPems(reading.bytes.toString("latin1"));
    if (times.length === 0) return [];
    // A chain ends with its first link; of several authorities one is enough.
    const to = (role.endsWith(".ca") ? Math.max : Math.min)(...times.map((time) => time.to));
    return [{ role, path, ...(times.find((time) => time.to === to) ?? { from: 0, to }) }];
  });
}

function readPems(text: string): { from: number; to: number }[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      const { validFrom, validTo } = new X509Certificate(block);
      return [{ from: Date.parse(validFrom), to: Date.parse(validTo) }];
    } catch {
      return [];
    }
  });
}

export async function gatherSockets({ control }: Pick<Config, "control">, names: Names, signal: AbortSignal): Promise<Fact<SocketFacts[]>> {
  const all = (["socket", "view"] as const).map(async (key): Promise<SocketFacts> => {
    const path = control[key];
    const found = await stat(path).catch(() => undefined);
    return {
      setting: `control.${key}`,
      path,
      group: found ? (names.groups.get(found.gid) ?? String(found.gid)) : null,
      mode: (found?.mode ?? 0) & 0o777,
      answer: await greet(path, signal),
    };
  });
  return { value: await Promise.all(all) };
}

/** An agent that is there answers at once. */
const greetingMs = 3000;

/** Whether somebody who speaks the control protocol is behind the socket. */
function greet(path: string, signal: AbortSignal): Promise<SocketFacts["answer"]> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (answer: SocketFacts["answer"]) => {
      callOff();
      socket.destroy();
      resolve(answer);
    };
    const callOff = deadline(greetingMs, () => end("silent"));
    signal.addEventListener("abort", () => end("silent"), { once: true });
    socket.on("connect", () => socket.write(encode({ id: 1, method: "hello", params: { protocol: protocolVersion, client: "pinbus" } })));
    socket.on("data", () => end("answers"));
    socket.on("close", () => end("silent"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) =>
      end(code === "EACCES" ? "denied" : code === "ECONNREFUSED" ? "refused" : code === "ENOENT" ? "absent" : "silent"),
    );
  });
}

/** The name of this machine's model and of its system, for whoever helps. */
export async function readModel(root: string): Promise<{ model: string | null; os: string | null }> {
  const read = (path: string) => readFile(join(root, path), "utf8").catch(() => "");
  const [model, release] = await Promise.all([read("proc/device-tree/model"), read("etc/os-release")]);
  return { model: model.replace(/\0.*/s, "").trim() || null, os: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? null };
}
