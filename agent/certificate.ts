import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/schema.ts";
import { readBounded } from "../config/text.ts";
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
export function readTls({ mqtt }: Config, wall: number): TlsSettings {
  const { servername, tls_min, tls_verify } = mqtt;
  const ca = mqtt.ca === null ? undefined : readPem("ca", mqtt.ca);
  if (ca !== undefined) parseCertificate("ca", mqtt.ca, ca, "name the certificate of the broker's authority in PEM");
  const own = mqtt.cert === null || mqtt.key === null ? undefined : readOwn(mqtt.cert, mqtt.key);
  const ended = own !== undefined && Date.parse(own.certificate.validTo) < wall;
  return {
    options: {
      ...(ca && { ca }),
      ...(own && { cert: own.cert, key: own.key }),
      ...(servername !== null && { servername }),
      minVersion: tls_min === "1.3" ? "TLSv1.3" : "TLSv1.2",
      insecure: tls_verify === "insecure",
    },
    expired: ended
      ? `the certificate of this client in ${mqtt.cert} has expired (${own.certificate.validTo}): the broker will refuse it, get a new one`
      : null,
    insecure:
      tls_verify === "insecure"
        ? "mqtt.tls_verify is insecure: the certificate of the broker is not checked, anybody in the network can pretend to be it and switch outputs"
        : null,
  };
}

export interface CertificatesOptions {
  config: Config;
  /** ms since 1970. */
  wall(): number;
  log: Log;
  /** What is wrong with them, whenever that has changed; null when nothing is. */
  onProblem(problem: string | null): void;
}

/** The certificates of a link that outlives them. Construction throws SettingError when they cannot be used, and tells nothing yet. */
export class Certificates {
  readonly #options: CertificatesOptions;
  #settings: TlsSettings;
  #told: readonly string[] = [];

  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#settings = readTls(options.config, options.wall());
  }

  /** Reads the files again. When they cannot be used, those before them go on. */
  renew(): TlsSettings["options"] {
    const { config, wall, log } = this.#options;
    let unusable: string | null = null;
    try {
      const settings = readTls(config, wall());
      if (!isDeepStrictEqual(settings.options, this.#settings.options))
        log.info("the certificates of the link have changed: they are used");
      this.#settings = settings;
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      unusable = `${error.message}; the link goes on with the files as they were`;
    }
    this.#tell([this.#settings.insecure, this.#settings.expired, unusable].filter((sentence) => sentence !== null));
    return this.#settings.options;
  }

  #tell(sentences: readonly string[]): void {
    if (isDeepStrictEqual(sentences, this.#told)) return;
    for (const sentence of sentences) if (!this.#told.includes(sentence)) this.#options.log.warn(sentence);
    this.#told = sentences;
    this.#options.onProblem(sentences.length > 0 ? sentences.join("; ") : null);
  }
}

function readOwn(certFile: string, keyFile: string): { cert: Buffer; key: Buffer; certificate: X509Certificate } {
  const cert = readPem("cert", certFile);
  const certificate = parseCertificate("cert", certFile, cert, "name the certificate of this client in PEM");
  const key = readPem("key", keyFile);
  const parsed = parseKey(keyFile, key);
  if (!certificate.checkPrivateKey(parsed))
    throw new SettingError("mqtt.key", `${keyFile} is not the key of the certificate in ${certFile}: name the two that were made together`);
  return { cert, key, certificate };
}

function readPem(key: "ca" | "cert" | "key", file: string): Buffer {
  const reading = readBounded(file, maxBytes);
  if (!reading.ok) throw new SettingError(`mqtt.${key}`, `${file} cannot be read: ${reading.message}, ${reading.fix}`);
  return reading.bytes;
}

function parseCertificate(key: "ca" | "cert", file: string | null, pem: Buffer, fix: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new SettingError(`mqtt.${key}`, `${file} is no certificate: ${fix}`);
  }
}

/** Without `cause`: what OpenSSL says might repeat a part of the file. */
function parseKey(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const locked = /PASSPHRASE|passphrase|BAD_DECRYPT|INTERRUPTED/.test(`${(error as { code?: string }).code} ${(error as Error).message}`);
    const what = locked ? "is locked with a passphrase: name a key without one" : "is no private key: name the key of mqtt.cert in PEM";
    throw new SettingError("mqtt.key", `${file} ${what}`);
  }
}
