import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkCertificates, readBrokerTls, readTls, SettingError } from "../../agent/certificate.ts";
import { leftOut } from "../brokers.ts";
import { type Authority, type Certificate, makeAuthority } from "../certificates.ts";
import { configOf } from "../config/loading.ts";
import { keptLog } from "./shell/fixture.ts";

describe.skipIf(leftOut("the certificates", "openssl", "openssl"))("the certificates of the link", () => {
  let authority: Authority;
  let own: Certificate;
  let other: Certificate;
  let old: Certificate;
  beforeAll(() => {
    authority = makeAuthority();
    own = authority.issue("own");
    other = authority.issue("other");
    old = authority.issue("old", { from: -3, to: -1 });
  });
  afterAll(() => authority.clean());

  const at = (name: string) => join(authority.folder, name);
  const write = (name: string, text: string) => {
    writeFileSync(at(name), text);
    return at(name);
  };
  const read = (mqtt: string) => readTls(configOf(`mqtt: { server: "a:8883", ${mqtt} }`), Date.now());
  const problemOf = (mqtt: string): SettingError => {
    try {
      read(mqtt);
    } catch (error) {
      if (error instanceof SettingError) return error;
      throw error;
    }
    throw new Error("nothing is wrong");
  };
  const pair = ({ cert, key }: Certificate) => `cert: ${cert}, key: ${key}`;

  it("are read, with what is said beside them", () => {
    expect(read("")).toEqual({ options: { minVersion: "TLSv1.2", insecure: false }, expired: null, insecure: null });
    expect(read(`ca: ${authority.cert}, ${pair(own)}, servername: broker.local, tls_min: 1.3`)).toEqual({
      options: {
        ca: readFileSync(authority.cert),
        cert: readFileSync(own.cert),
        key: readFileSync(own.key),
        servername: "broker.local",
        minVersion: "TLSv1.3",
        insecure: false,
      },
      expired: null,
      insecure: null,
    });
  });

  it("are named when they cannot be used, with what to do", () => {
    const text = write("text", "hello");
    const gone = at("gone.pem");
    execFileSync("openssl", ["ec", "-in", own.key, "-aes128", "-passout", "pass:x", "-out", at("locked.key")], { stdio: "ignore" });
    for (const [mqtt, path, words] of [
      [`ca: ${gone}`, "mqtt.ca", `${gone} cannot be read: there is no such file, create it or name another`],
      [`ca: ${authority.folder}`, "mqtt.ca", "cannot be read: this is a directory, name a file"],
      [`ca: ${text}`, "mqtt.ca", `${text} is no certificate: name the certificate of the broker's authority in PEM`],
      [`ca: ${authority.key}`, "mqtt.ca", "is no certificate"],
      [`cert: ${text}, key: ${own.key}`, "mqtt.cert", `${text} is no certificate: name the certificate of this client in PEM`],
      [`cert: ${own.cert}, key: ${gone}`, "mqtt.key", `${gone} cannot be read`],
      [`cert: ${own.cert}, key: ${own.cert}`, "mqtt.key", `${own.cert} is no private key: name the key of mqtt.cert in PEM`],
      [`cert: ${own.cert}, key: ${at("locked.key")}`, "mqtt.key", "is locked with a passphrase: name a key without one"],
      [`cert: ${own.cert}, key: ${other.key}`, "mqtt.key", `${other.key} is not the key of the certificate in ${own.cert}`],
    ] as const) {
      const problem = problemOf(mqtt);
      expect(problem.path).toBe(path);
      expect(problem.message).toContain(`${path}: `);
      expect(problem.message).toContain(words);
    }
  });

  it("never show anything of the key", () => {
    const secret = readFileSync(own.key, "utf8").split("\n")[1] ?? "";
    const broken = write("broken.key", `-----BEGIN PRIVATE KEY-----\n${secret.slice(0, -4)}!!\n-----END PRIVATE KEY-----\n`);
    const problem = problemOf(`cert: ${own.cert}, key: ${broken}`);
    expect(problem.message).toContain(`${broken} is no private key`);
    expect(`${problem.stack} ${JSON.stringify(problem)} ${String(problem.cause)}`).not.toContain(secret.slice(0, 16));
  });

  it("may have expired without anybody's doing: that is said, and ends nothing", () => {
    const { expired, options } = read(pair(old));
    expect(expired).toContain(`the certificate of this client in ${old.cert} has expired (`);
    expect(options.cert).toEqual(readFileSync(old.cert));
    // An unset clock is in the past.
    expect(readTls(configOf(`mqtt: { server: a, tls: on, ${pair(old)} }`), 0).expired).toBeNull();
  });

  it("are believed unread only on demand, loudly", () => {
    const { options, insecure } = read("tls_verify: insecure");
    expect(options.insecure).toBe(true);
    expect(insecure).toContain("anybody in the network can pretend to be it");
  });

  it("are read again on demand: what cannot be used is told once, and nothing of it is used", () => {
    const mine = authority.issue("mine");
    const options = (pair: Certificate) => ({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) });
    const [first, renewed] = [options(mine), options(other)];
    const log = keptLog();
    const problems: (string | null)[] = [];
    let wall = Date.now();
    const config = configOf(`mqtt: { server: "a:8883", ${pair(mine)} }`);
    const certificates = linkCertificates({ config, wall: () => wall, log, onProblem: (problem) => problems.push(problem) });
    expect(certificates.renew()).toMatchObject(first);
    expect([problems, log.entries]).toEqual([[], []]);

    // The certificate comes before its key.
    writeFileSync(mine.cert, renewed.cert);
    expect(certificates.renew()).toMatchObject(first);
    expect(certificates.renew()).toMatchObject(first);
    const words = `mqtt.key: ${mine.key} is not the key of the certificate in ${mine.cert}: name the two that were made together; the link goes on with the files as they were`;
    expect([problems, log.entries]).toEqual([[words], [`warn: ${words}`]]);

    writeFileSync(mine.key, renewed.key);
    expect(certificates.renew()).toMatchObject(renewed);
    expect(problems).toEqual([words, null]);
    expect(log.entries.at(-1)).toBe("info: the certificates of the link have changed: they are used");

    wall += 3 * 86_400_000;
    expect(certificates.renew()).toMatchObject(renewed);
    expect(problems.at(-1)).toContain(`the certificate of this client in ${mine.cert} has expired`);
  });

  describe("the certificate of the built-in broker", () => {
    const day = 86_400_000;
    const listeners = "listeners: [{ port: 8883 }]";
    const read = (broker: string, wall = Date.now()) => readBrokerTls(configOf(`broker: { ${listeners}, ${broker} }`), wall);

    it("is not read without a listener with TLS", () => {
      expect(readBrokerTls(configOf("broker: { cert: /gone, key: /gone }"), Date.now())).toBeUndefined();
    });

    it("comes with the version and the authority that are asked for", () => {
      expect(read(`${pair(own)}, tls_min: 1.3`)?.options).toEqual({
        cert: readFileSync(own.cert),
        key: readFileSync(own.key),
        minVersion: "TLSv1.3",
      });
      const required = read(`${pair(own)}, ca: ${authority.cert}, require_certificate: true`);
      expect(required?.options.ca).toEqual(readFileSync(authority.cert));
    });

    it("is named with its setting when it cannot be used", () => {
      for (const [broker, words] of [
        ["cert: /gone.pem, key: /gone.pem", "broker.cert: /gone.pem cannot be read: there is no such file"],
        [`cert: ${own.cert}, key: ${other.key}`, `broker.key: ${other.key} is not the key of the certificate in ${own.cert}`],
        [`cert: ${own.key}, key: ${own.key}`, `broker.cert: ${own.key} is no certificate: name the certificate of the broker in PEM`],
        [`${pair(own)}, require_certificate: true, ca: ${own.key}`, "name the certificate of the clients' authority in PEM"],
      ] as const)
        expect(() => read(broker)).toThrow(words);
    });

    it("is told from 14 days before its end on, and when it has come", () => {
      const long = authority.issue("long", { from: -1, to: 20 });
      const at = (days: number) => {
        const { expired, expiring } = read(pair(long), Date.now() + days * day) ?? {};
        return [expired, expiring];
      };
      expect(at(5)).toEqual([null, null]);
      expect(at(7)).toEqual([null, expect.stringContaining(`the certificate of the built-in broker in ${long.cert} expires on `)]);
      expect(at(21)).toEqual([expect.stringContaining("has expired ("), null]);
    });
  });
});
