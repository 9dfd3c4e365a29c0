import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Link, LinkOptions } from "../../../agent/shell/link.ts";
import { describeMosquitto, leftOut, startEmbedded, startMosquitto, type TestBroker } from "../../brokers.ts";
import { type Authority, makeAuthority, mosquittoTls } from "../../certificates.ts";
import { patience } from "./fixture.ts";
import { probe, untilOnline } from "./link-contract.ts";

/** What a TLS server does with a connection: it is one to the broker. */
function leadTo(broker: TestBroker): (near: TLSSocket) => void {
  return (near) => {
    const far = createConnection({ port: broker.port, host: "127.0.0.1" });
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.on("close", () => far.destroy());
  };
}

/** The built-in broker behind TLS, with a certificate for `localhost` that signs itself. */
describe.skipIf(leftOut("the link over TLS", "openssl", "openssl"))("the link over TLS", () => {
  let broker: TestBroker;
  let server: Server;
  let cert: Buffer;
  let port: number;
  let open: Link;
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "pinbus-tls-"));
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
    execFileSync("openssl", ["req", "-x509", ...newKey, "-out", certFile, "-days", "2", ...subject], { stdio: "ignore" });
    cert = readFileSync(certFile);
    broker = await startEmbedded();
    server = createServer({ key: readFileSync(keyFile), cert }, leadTo(broker)).listen(0, "localhost");
    await once(server, "listening");
    port = (server.address() as { port: number }).port;
    rmSync(folder, { recursive: true });
  });
  afterEach(() => open.stop([]));
  afterAll(async () => {
    server.close();
    await broker.stop();
  });
  const connect = (url: string, server: Partial<LinkOptions["server"]> = {}) => {
    const made = probe(url, {
      server: { url, ...server },
      backoff: { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } },
    });
    open = made.link;
    made.link.start();
    return made;
  };

  it("comes online when the authority is known, and finds the MQTT version as without TLS", async () => {
    const { link } = connect(`mqtts://localhost:${port}`, { ca: cert });
    await untilOnline(link);
    expect(link.view.version).toBe("3.1.1");
  });

  it("says what to set when it is not", async () => {
    const { link } = connect(`mqtts://localhost:${port}`);
    await vi.waitFor(() => expect(link.view.problem).toContain("is signed by an authority that is not trusted here"), patience);
    expect(link.view.problem).toContain("set mqtt.ca");
  });

  it("names a certificate for another host", async () => {
    const { address } = server.address() as { address: string };
    const host = address.includes(":") ? `[${address}]` : address;
    const { link } = connect(`mqtts://${host}:${port}`, { ca: cert });
    await vi.waitFor(() => expect(link.view.problem).toContain(`the certificate of ${host}:${port} is for another name`), patience);
  });

  it("recognises a server that does not speak TLS", async () => {
    const { link } = connect(`mqtts://127.0.0.1:${broker.port}`, { ca: cert });
    await vi.waitFor(
      () =>
        expect(link.view.problem).toContain(
          `127.0.0.1:${broker.port} closed the connection during the TLS handshake: check mqtt.port and mqtt.tls`,
        ),
      patience,
    );
  });
});

describeMosquitto("the link to mosquitto behind TLS", () => {
  let authority: Authority;
  const open: (() => unknown)[] = [];
  beforeAll(() => {
    authority = makeAuthority();
  });
  afterEach(async () => {
    for (const end of open.splice(0).reverse()) await end();
  });
  afterAll(() => authority.clean());

  const listen = async (wish: Parameters<Authority["issue"]>[1] = {}, more: string[] = []) => {
    const broker = await startMosquitto(mosquittoTls(authority, authority.issue("broker", wish), more));
    open.push(broker.stop);
    return `mqtts://127.0.0.1:${broker.port}`;
  };
  const pem = (file: string) => readFileSync(file);
  const connect = (url: string, server: Partial<LinkOptions["server"]> = {}, changes: Partial<LinkOptions> = {}) => {
    const slow = { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } };
    const made = probe(url, { backoff: slow, ...changes, server: { url, ca: pem(authority.cert), ...server } });
    open.push(() => made.link.stop([]));
    made.link.start();
    return made;
  };
  const own = (wish: Parameters<Authority["issue"]>[1] = {}) => {
    const { cert, key } = authority.issue("client", wish);
    return { cert: pem(cert), key: pem(key) };
  };
  const says = (link: Link, words: string) => vi.waitFor(() => expect(link.view.problem).toContain(words), patience);

  it("shows its certificate to a broker that asks for one", async () => {
    const url = await listen({}, ["require_certificate true"]);
    const { link } = connect(url, own());
    await untilOnline(link);
    expect(link.view.version).toBe("5");
  });

  it("says which of both certificates it is about when the broker does not believe its own", async () => {
    const url = await listen({}, ["require_certificate true"]);
    const strangers = makeAuthority();
    open.push(() => strangers.clean());
    const { cert, key } = strangers.issue("client");
    await says(connect(url, { cert: pem(cert), key: pem(key) }).link, "refuses the certificate in mqtt.cert");
    await says(connect(url, own({ from: -3, to: -1 })).link, "says that the certificate in mqtt.cert has expired");
  });

  it("takes another name for the broker on demand", async () => {
    const url = await listen({ names: "DNS:broker.local" });
    await says(connect(url).link, "is for another name");
    await untilOnline(connect(url, { servername: "broker.local" }).link);
  });

  it("believes everything on demand, and only then (owlcms 11)", async () => {
    const url = await listen({ names: "DNS:other", from: -3, to: -1 });
    await says(connect(url).link, "has expired");
    await untilOnline(connect(url, { insecure: true }).link);
  });

  it("speaks no older TLS than it may", async () => {
    const { cert, key } = authority.issue("broker");
    const server = createServer({ cert: pem(cert), key: pem(key), maxVersion: "TLSv1.2" }).listen(0, "127.0.0.1");
    await once(server, "listening");
    open.push(() => server.close());
    const { port } = server.address() as { port: number };
    await says(connect(`mqtts://127.0.0.1:${port}`, { minVersion: "TLSv1.3" }).link, "speaks no version of TLS that is allowed here");
  });

  it("waits for the time while the clock is not set, soon and for ever, and connects when it is", async () => {
    const broker = await startEmbedded();
    open.push(broker.stop);
    const context = (wish: Parameters<Authority["issue"]>[1]) => {
      const { cert, key } = authority.issue("broker", wish);
      return { cert: pem(cert), key: pem(key) };
    };
    const server = createServer(context({ from: 1, to: 2 }), leadTo(broker)).listen(0, "127.0.0.1");
    await once(server, "listening");
    open.push(() => server.close());
    const waits: unknown[] = [];
    const warn = (_message: string, fields?: Record<string, unknown>) => waits.push(fields?.retry_ms);
    const { link } = connect(
      `mqtts://127.0.0.1:${(server.address() as { port: number }).port}`,
      {},
      {
        // It runs: each attempt is at another time, and says the same.
        now: () => Date.UTC(1970, 0, 1) + performance.now(),
        backoff: { first: 4, limit: 60_000, refused: { from: 60_000, to: 60_000 } },
        random: () => 0.99,
        log: { debug: () => undefined, info: () => undefined, warn },
      },
    );
    await says(link, "is not valid yet, because the clock of this machine is not set (it says 1970-01-01)");
    await vi.waitFor(() => expect(waits).toHaveLength(5), patience);
    // After 16 attempts a usual back-off would be at its limit.
    expect(Math.max(...waits.map(Number))).toBeLessThanOrEqual(40);
    // For this test a new certificate is what a new time is for the agent.
    server.setSecureContext(context({}));
    await untilOnline(link);
  });
});
