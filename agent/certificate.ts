import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import { isSecure } from "../config/listeners.ts";
import type { Config } from "../config/schema.ts";
import { readBounded } from "../config/text.ts";
import type { BrokerTls } from "./embedded/entrance.ts";
import type { LinkServer } from "./shell/link-dial.ts";
import type { Log } from "./shell/log.ts";

/** A setting that cannot be served on this machine: starting again does not help before a person has changed it. */
export class SettingError extends Error {
  /** `mqtt.ca` */
  readonly path: string;
  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
    this.path = path;
  }
}

/** How the link secures its connection, as `mqtt.ca`, `mqtt.cert` and the settings around them say. */
export interface TlsSettings {
  options: Pick<LinkServer, "ca" | "cert" | "key" | "servername" | "minVersion" | "insecure">;
  /** The certificate of this client has expired: a sentence. It happens without anybody's doing, so the agent works on; `check` refuses it. */
  expired: string | null;
  /** Every certificate is believed: a sentence. */
  insecure: string | null;
}

/** Many authorities in one file are normal; more than this is no certificate. */
const maxBytes = 1024 * 1024;

/** Reads and checks the files. `wall` is the time, in ms since 1970. Throws SettingError, which never says anything of the key. */
export function readTls({ mqtt, broker }: Config, wall: number, of: "link" | "bridge" = "link"): TlsSettings {
  const [owner, settings] = of === "link" ? (["mqtt", mqtt] as const) : (["broker.bridge", broker.bridge] as const);
  const { servername, tls_min, tls_verify } = settings;
  const ca = settings.ca === null ? undefined : readAuthority(`${owner}.ca`, settings.ca, "the broker's authority");
  const own = settings.cert === null || settings.key === null ? undefined : readOwn(owner, settings.cert, settings.key, "this client");
  const ended = own !== undefined && Date.parse(own.certificate.validTo) < wall;
  return {
    options: {
      ...(ca && { ca }),
      ...(own && { cert: own.cert, key: own.key }),
      ...(servername !== null && { servername }),
      minVersion: `TLSv${tls_min}`,
      insecure: tls_verify === "insecure",
    },
    expired: ended
      ? `the certificate of this client in ${settings.cert} has expired (${own.certificate.validTo}): the broker will refuse it, get a new one`
      : null,
    insecure:
      tls_verify === "insecure"
        ? `${owner}.tls_verify is insecure: the certificate of the broker is not checked, anybody in the network can pretend to be it and switch outputs`
        : null,
  };
}

const load = createRequire(import.meta.url);
const day = 24 * 3600 * 1000;
/** How long before its end a certificate of the built-in broker is told. */
const notice = 14 * day;

export interface BrokerTlsSettings {
  options: BrokerTls;
  /** Its certificate has expired, or soon will: a sentence. */
  expired: string | null;
  expiring: string | null;
}

/** The same for the listeners of the built-in broker. Undefined when none of them needs it. */
export function readBrokerTls({ broker }: Pick<Config, "broker">, wall: number): BrokerTlsSettings | undefined {
  const { cert: certFile, key: keyFile, ca: caFile } = broker;
  if (certFile === null || keyFile === null || !broker.listeners.some(isSecure)) return undefined;
  const { cert, key, certificate } = readOwn("broker", certFile, keyFile, "the broker");
  const required = broker.require_certificate === "true" && caFile !== null;
  const options: BrokerTls = {
    cert,
    key,
    ...(required && { ca: readAuthority("broker.ca", caFile, "the clients' authority") }),
    minVersion: `TLSv${broker.tls_min}`,
  };
  try {
    (load("node:tls") as typeof import("node:tls")).createSecureContext(options);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "no reason given";
    throw new SettingError("broker.cert", `${certFile} cannot be used for TLS (${code}): get a new one`);
  }
  const { validTo } = certificate;
  const left = Date.parse(validTo) - wall;
  const cure = "get a new one, then run `pinbus reload`";
  const what = `the certificate of the built-in broker in ${certFile}`;
  return {
    options,
    expired: left < 0 ? `${what} has expired (${validTo}): clients will refuse it; ${cure}` : null,
    expiring: left >= 0 && left < notice ? `${what} expires on ${validTo}: ${cure}` : null,
  };
}

export interface CertificatesOptions<T> {
  /** The settings now, and what is to be said of them; throws SettingError. */
  read(): { options: T; warnings: readonly string[]; problems: readonly string[] };
  /** `link`: for messages. */
  owner: string;
  log: Log;
  /** What is wrong with them, whenever that has changed; null when nothing is. */
  onProblem(problem: string | null): void;
}

/** Certificates in the use of something that outlives them. Construction throws SettingError when they cannot be used, and tells nothing yet. */
export class Certificates<T> {
  readonly #options: CertificatesOptions<T>;
  #settings: ReturnType<CertificatesOptions<T>["read"]>;
  #warned: readonly string[] = [];
  #problem: string | null = null;

  constructor(options: CertificatesOptions<T>) {
    this.#options = options;
    this.#settings = options.read();
  }

  get current(): T {
    return this.#settings.options;
  }

  /** Reads the files again. When they cannot be used, those before them go on. */
  renew(): T {
    const { read, owner, log, onProblem } = this.#options;
    const unusable: string[] = [];
    try {
      const settings = read();
      if (!isDeepStrictEqual(settings.options, this.#settings.options))
        log.info(`the certificates of the ${owner} have changed: they are used`);
      this.#settings = settings;
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      unusable.push(`${error.message}; the ${owner} goes on with the files as they were`);
    }
    const problems = [...this.#settings.problems, ...unusable];
    const sentences = [...problems, ...this.#settings.warnings];
    for (const sentence of sentences) if (!this.#warned.includes(sentence)) log.warn(sentence, { event: "certificate-warning" });
    this.#warned = sentences;
    const problem = problems.length > 0 ? problems.join("; ") : null;
    if (problem !== this.#problem) onProblem(problem);
    this.#problem = problem;
    return this.#settings.options;
  }
}

/** Those of the link, or of the bridge. */
export function linkCertificates({
  config,
  wall,
  of = "link",
  ...more
}: { config: Config; wall(): number; of?: "link" | "bridge" } & Pick<CertificatesOptions<unknown>, "log" | "onProblem">): Certificates<
  TlsSettings["options"]
> {
  const read = () => {
    const { options, insecure, expired } = readTls(config, wall(), of);
    return { options, warnings: [], problems: [insecure, expired].filter((sentence) => sentence !== null) };
  };
  return new Certificates({ ...more, owner: of, read });
}

type Owner = "mqtt" | "broker" | "broker.bridge";

function readOwn(
  owner: Owner,
  certFile: string,
  keyFile: string,
  whose: string,
): { cert: Buffer; key: Buffer; certificate: X509Certificate } {
  const cert = readPem(`${owner}.cert`, certFile);
  const certificate = parseCertificate(`${owner}.cert`, certFile, cert, `name the certificate of ${whose} in PEM`);
  const key = readPem(`${owner}.key`, keyFile);
  const parsed = parseKey(owner, keyFile, key);
  if (!certificate.checkPrivateKey(parsed)) {
    const words = `${keyFile} is not the key of the certificate in ${certFile}: name the two that were made together`;
    throw new SettingError(`${owner}.key`, words);
  }
  return { cert, key, certificate };
}

function readAuthority(setting: string, file: string, whose: string): Buffer {
  const pem = readPem(setting, file);
  parseCertificate(setting, file, pem, `name the certificate of ${whose} in PEM`);
  return pem;
}

/** Throws SettingError. */
export function readPem(setting: string, file: string): Buffer {
  const reading = readBounded(file, maxBytes);
  if (!reading.ok) throw new SettingError(setting, `${file} cannot be read: ${reading.message}, ${reading.fix}`);
  return reading.bytes;
}

function parseCertificate(setting: string, file: string, pem: Buffer, fix: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new SettingError(setting, `${file} is no certificate: ${fix}`);
  }
}

/** Without `cause`: what OpenSSL says might repeat a part of the file. */
function parseKey(owner: Owner, file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const locked = /PASSPHRASE|passphrase|BAD_DECRYPT|INTERRUPTED/.test(`${(error as { code?: string }).code} ${(error as Error).message}`);
    const what = locked ? "is locked with a passphrase: name a key without one" : `is no private key: name the key of ${owner}.cert in PEM`;
    throw new SettingError(`${owner}.key`, `${file} ${what}`);
  }
}
