import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Link, LinkOptions } from "../../../agent/shell/link.ts";
import { leftOut, startEmbedded, type TestBroker } from "../../brokers.ts";
import { patience, probe, untilOnline } from "./link-contract.ts";

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
    server = createServer({ key: readFileSync(keyFile), cert }, (near) => {
      const far = createConnection({ port: broker.port, host: "127.0.0.1" });
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
      near.on("close", () => far.destroy());
    }).listen(0, "localhost");
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
