import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  /** Paths of PEM files. */
  cert: string;
  key: string;
}

export interface CertificateWish {
  /** As openssl writes subject alternative names; default `IP:127.0.0.1,DNS:localhost`. */
  names?: string;
  /** Days from now; default yesterday and tomorrow. */
  from?: number;
  to?: number;
}

export interface Authority extends Certificate {
  folder: string;
  issue(name: string, wish?: CertificateWish): Certificate;
  clean(): void;
}

const day = 86_400_000;
/** `YYYYMMDDHHMMSSZ` */
const stamp = (days: number) => `${new Date(Date.now() + days * day).toISOString().replaceAll(/[-:T]|\.\d+Z/g, "")}Z`;

/** A certificate authority of the tests in a folder of its own, made by openssl. */
export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-ca-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const newKey = (name: string) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", at(`${name}.key`)];
  openssl("req", "-x509", ...newKey("ca"), "-out", at("ca.pem"), "-days", "30", "-subj", "/CN=authority of the tests");
  writeFileSync(at("index"), "");
  writeFileSync(at("serial"), "01");
  const database = ["[ca]", "default_ca=x", "[x]", `database=${at("index")}`, `new_certs_dir=${folder}`, `serial=${at("serial")}`];
  const rules = ["default_md=sha256", "unique_subject=no", "policy=p", "[p]", "commonName=supplied"];
  writeFileSync(at("ca.conf"), [...database, ...rules].join("\n"));
  return {
    folder,
    cert: at("ca.pem"),
    key: at("ca.key"),
    issue(name, { names = "IP:127.0.0.1,DNS:localhost", from = -1, to = 1 } = {}) {
      writeFileSync(at(`${name}.ext`), `subjectAltName=${names}\n`);
      openssl("req", "-new", ...newKey(name), "-out", at(`${name}.csr`), "-subj", `/CN=${name}`);
      const dates = ["-startdate", stamp(from), "-enddate", stamp(to)];
      const files = ["-cert", at("ca.pem"), "-keyfile", at("ca.key"), "-in", at(`${name}.csr`), "-out", at(`${name}.pem`)];
      openssl("ca", "-batch", "-notext", "-config", at("ca.conf"), "-extfile", at(`${name}.ext`), ...dates, ...files);
      return { cert: at(`${name}.pem`), key: at(`${name}.key`) };
    },
    clean: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The lines of mosquitto.conf, and its files, for a listener behind TLS. */
export function mosquittoTls(
  authority: Authority,
  own: Certificate,
  more: readonly string[] = [],
): { config: string[]; files: Record<string, string> } {
  return {
    config: ["allow_anonymous true", "cafile {dir}/ca.pem", "certfile {dir}/cert.pem", "keyfile {dir}/key.pem", ...more],
    files: {
      "ca.pem": readFileSync(authority.cert, "utf8"),
      "cert.pem": readFileSync(own.cert, "utf8"),
      "key.pem": readFileSync(own.key, "utf8"),
    },
  };
}
