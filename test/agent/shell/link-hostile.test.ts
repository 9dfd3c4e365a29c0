import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Link, LinkOptions } from "../../../agent/shell/link.ts";
import { patience } from "./fixture.ts";
import { P, type Probe, probe, state, untilOnline } from "./link-contract.ts";

/** A broker of a few bytes that answers as each test says. */
let server: Server;
let port: number;
let sockets: Socket[];
let answer: (socket: Socket, packet: Buffer) => void;
let open: Link;

beforeEach(async () => {
  sockets = [];
  answer = () => undefined;
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => answer(socket, chunk));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as { port: number }).port;
});
afterEach(async () => {
  await open.stop([]);
  for (const socket of sockets) socket.destroy();
  server.close();
});

const still: LinkOptions["backoff"] = { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } };

function connect(changes: Partial<LinkOptions> = {}): Probe {
  const url = `mqtt://127.0.0.1:${port}`;
  const made = probe(url, { protocol: "3.1.1", backoff: still, random: () => 0.9, ...changes });
  open = made.link;
  made.link.start();
  return made;
}
const connack3 = (code: number) => Buffer.from([0x20, 2, 0, code]);
const connack5 = (code: number) => Buffer.from([0x20, 3, 0, code, 0]);
const isConnect = (packet: Buffer) => packet[0] === 0x10;
const speaks5 = (packet: Buffer) => packet[8] === 5;
/** Says yes to everything, as MQTT 3.1.1. */
function agree(socket: Socket, packet: Buffer): void {
  for (let at = 0; at < packet.length; ) {
    const type = (packet[at] ?? 0) >> 4;
    const length = packet[at + 1] ?? 0;
    const body = at + 2;
    if (type === 1) socket.write(connack3(0));
    if (type === 8) socket.write(Buffer.from([0x90, 4, packet[body] ?? 0, packet[body + 1] ?? 0, 1, 1]));
    if (type === 3 && ((packet[at] ?? 0) & 2) === 2) {
      const id = body + 2 + packet.readUInt16BE(body);
      socket.write(Buffer.from([0x40, 2, packet[id] ?? 0, packet[id + 1] ?? 0]));
    }
    at = body + length;
  }
}

describe("the link on a broker that refuses", () => {
  for (const [code, words] of [
    [1, "does not speak MQTT 3.1.1 (code 1)"],
    [2, "refused the client id box (code 2)"],
    [3, "is not available at the moment (code 3)"],
    [4, "refused user or password (code 4), user pi: check mqtt.username"],
    [5, "says user pi is not authorised (code 5)"],
    [42, "refused the connection (code 0x2a)"],
  ] as const) {
    it(`has a sentence for CONNACK ${code}`, async () => {
      answer = (socket) => socket.write(connack3(code));
      const { link } = connect({ clientId: "box", server: { url: `mqtt://127.0.0.1:${port}`, username: "pi", password: "hush" } });
      await vi.waitFor(() => expect(link.view.problem).toContain(`the broker 127.0.0.1:${port} ${words}`), patience);
      expect(link.view.problem).not.toContain("hush");
    });
  }

  for (const [code, words] of [
    [0x84, "does not speak MQTT 5 (code 0x84)"],
    [0x85, "refused the client id"],
    [0x86, "refused user or password (code 0x86), user none"],
    [0x87, "does not allow anonymous clients (code 0x87, not authorised)"],
    [0x89, "is not available at the moment (code 0x89)"],
    [0x8a, "has banned client"],
    [0x97, "limits this client (code 0x97)"],
    [0x9d, "asks to use another server (code 0x9d)"],
  ] as const) {
    it(`has a sentence for MQTT 5's CONNACK 0x${code.toString(16)}`, async () => {
      answer = (socket) => socket.write(connack5(code));
      const { link } = connect({ protocol: "5" });
      await vi.waitFor(() => expect(link.view.problem).toContain(words), patience);
    });
  }

  it("falls back to 3.1.1 on CONNACK 0x84 without waiting", async () => {
    answer = (socket, packet) => {
      if (isConnect(packet) && speaks5(packet)) socket.write(connack5(0x84));
      else agree(socket, packet);
    };
    const { events, infos } = connect({ protocol: "auto" });
    await vi.waitFor(() => expect(events).toEqual(["online 3.1.1"]), patience);
    expect(infos[0]).toBe("the broker does not speak MQTT 5: using 3.1.1");
  });

  it("falls back to 3.1.1 when the broker closes without an answer (owlcms 1.5)", async () => {
    answer = (socket, packet) => {
      if (isConnect(packet) && speaks5(packet)) socket.destroy();
      else agree(socket, packet);
    };
    const { events } = connect({ protocol: "auto" });
    await vi.waitFor(() => expect(events).toEqual(["online 3.1.1"]), patience);
  });

  it("says that the broker closed without an answer, whatever it was asked (owlcms 6)", async () => {
    answer = (socket) => socket.destroy();
    const { link } = connect({ protocol: "auto" });
    await vi.waitFor(
      () => expect(link.view.problem).toContain(`the broker 127.0.0.1:${port} closed the connection without an answer`),
      patience,
    );
    expect(sockets).toHaveLength(2);
  });

  it("gives up on a broker that accepts and stays silent", async () => {
    const { link } = connect({ connectTimeout: 50 });
    await vi.waitFor(() => expect(link.view.problem).toBe(`the broker 127.0.0.1:${port} did not answer within 0.05 s`), patience);
    await vi.waitFor(() => expect(sockets[0]?.destroyed || sockets[0]?.readableEnded).toBe(true), patience);
  });

  it("leaves a server that answers with something else than MQTT", async () => {
    answer = (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    const { link } = connect();
    await vi.waitFor(() => expect(link.view.problem).toContain(`what 127.0.0.1:${port} sent is not MQTT 3.1.1`), patience);
    await vi.waitFor(() => expect(sockets[0]?.destroyed || sockets[0]?.readableEnded).toBe(true), patience);
  });

  it("names a second agent with the same identity when the broker says that the session was taken over", async () => {
    answer = (socket, packet) => {
      if (isConnect(packet)) socket.end(Buffer.concat([connack5(0), Buffer.from([0xe0, 2, 0x8e, 0])]));
    };
    const { link } = connect({ protocol: "5", clientId: "box" });
    await vi.waitFor(() => expect(link.view.problem).toContain("another client with the id box took over the session"), patience);
    expect(link.view.problem).toContain("is this node running twice?");
  });

  it("asks for a second agent with the same identity when a broker ends the connection again and again without a word", async () => {
    answer = (socket, packet) => {
      agree(socket, packet);
      if (packet.includes("online")) socket.end();
    };
    const { link, warnings } = connect({ clientId: "box", backoff: { first: 1, limit: 4, refused: { from: 60_000, to: 60_000 } } });
    const closed = `the broker 127.0.0.1:${port} closed the connection`;
    const guess = `${closed} again and again, without a reason: is another client with the id box there?`;
    await vi.waitFor(() => expect(link.view.problem).toBe(guess), patience);
    // It waits, so that the other one is not sent away at once.
    expect(sockets).toHaveLength(5);
    expect(warnings).toEqual([closed, closed, closed, closed, guess]);
  });

  it("comes back at once to a broker that ends each connection on which nothing was said for a while", async () => {
    answer = agree;
    const read = performance.now.bind(performance);
    let quiet = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => read() + quiet);
    try {
      const { link, warnings } = connect({ backoff: { first: 1, limit: 4, refused: { from: 60_000, to: 60_000 } } });
      const closed = `the broker 127.0.0.1:${port} closed the connection`;
      for (let times = 1; times <= 6; times++) {
        await vi.waitFor(() => expect([sockets.length, link.view.online]).toEqual([times, true]), patience);
        quiet += 50_000;
        sockets.at(-1)?.end();
        await vi.waitFor(() => expect(warnings).toEqual(Array(times).fill(closed)), patience);
      }
    } finally {
      clock.mockRestore();
    }
  });

  it("does not start with a server that is none, and says so", () => {
    expect(() => probe("http://127.0.0.1")).toThrow("use mqtt:// or mqtts://");
  });
});

describe("the link on a broker that agrees", () => {
  it("says that its status does not come back, and takes that back when it comes", async () => {
    answer = agree;
    const { link } = connect({ echoTimeout: 1 });
    await vi.waitFor(() => expect(link.view.problem).toContain(`acknowledges ${P}/status and passes it on to nobody here`), patience);
    const [topic, payload] = [Buffer.from(`${P}/status`), Buffer.from("online")];
    sockets[0]?.write(Buffer.concat([Buffer.from([0x30, 2 + topic.length + payload.length, 0, topic.length]), topic, payload]));
    await vi.waitFor(() => expect(link.view.problem).toBeNull(), patience);
  });

  it("says online again once a second at most, whoever writes to its status each time that it is said", async () => {
    const said: string[] = [];
    answer = (socket, packet) => {
      said.push(packet.toString("latin1"));
      agree(socket, packet);
    };
    const { link, infos, messages } = connect();
    await untilOnline(link);
    said.length = 0;
    const [wrong, command] = [`${P}/status`, `${P}/out/lamp/set`].map((topic) => {
      const bytes = Buffer.from(topic);
      return Buffer.concat([Buffer.from([0x30, 2 + bytes.length + 1, 0, bytes.length]), bytes, Buffer.from("x")]);
    }) as [Buffer, Buffer];
    sockets[0]?.write(Buffer.concat([...Array<Buffer>(1000).fill(wrong), command]));
    await vi.waitFor(() => expect(messages).toHaveLength(1), patience);
    expect(infos.filter((line) => line.endsWith("saying online again")).length).toBeLessThan(100);
    await vi.waitFor(() => expect(said.join("").split(`${P}/status`).length).toBeGreaterThan(2), patience);
  });

  it("lets no state wait for attributes, which follow in the same turn", async () => {
    answer = agree;
    const { events, link } = connect();
    await vi.waitFor(() => expect(events).toEqual(["online 3.1.1"]), patience);
    const chunks: Buffer[] = [];
    answer = (socket, packet) => {
      chunks.push(packet);
      agree(socket, packet);
    };
    link.publish(state("out/lamp/attr", "{}", 0));
    link.publish(state("out/lamp/state", "ON"));
    await vi.waitFor(() => expect(Buffer.concat(chunks).toString()).toMatch(/out\/lamp\/state.*out\/lamp\/attr/s), patience);
  });

  it("keeps the beginning of a message of more than 256 kB, acknowledges it and stays online", async () => {
    let received = "";
    answer = (socket, packet) => {
      received += packet.toString("hex");
      agree(socket, packet);
    };
    const { events, messages, link } = connect();
    await vi.waitFor(() => expect(events).toEqual(["online 3.1.1"]), patience);
    const topic = `${P}/out/lamp/set`;
    const begin = Buffer.concat([Buffer.from([0, topic.length]), Buffer.from(topic)]);
    const large = Buffer.concat([begin, Buffer.from([0, 7]), Buffer.alloc(300_000 - 2 - begin.length)]);
    // 300,000 bytes follow: 0xe0 0xa7 0x12 is that number in MQTT's base 128.
    sockets[0]?.write(Buffer.concat([Buffer.from([0x32, 0xe0, 0xa7, 0x12]), large]));
    sockets[0]?.write(Buffer.concat([Buffer.from([0x32, begin.length + 4]), begin, Buffer.from([0, 8]), Buffer.from("ON")]));
    const left = 256 * 1024 - 4 - 2 - begin.length;
    await vi.waitFor(() => expect(messages.map(({ payload }) => payload.length)).toEqual([left, 2]), patience);
    await vi.waitFor(() => expect(received).toMatch(/40020007.*40020008$/), patience);
    expect(link.view.online).toBe(true);
  });

  it("takes a broker that stops answering for lost, however much it is told meanwhile", async () => {
    answer = agree;
    const { link, events } = connect({ keepalive: 1_000 });
    await vi.waitFor(() => expect(events).toEqual(["online 3.1.1"]), patience);
    const telling = setInterval(() => link.publish(state("sensor/attic/state", "1", 0)), 100);
    await vi.waitFor(() => expect(events[1]).toBe(`offline: the broker 127.0.0.1:${port} stopped answering (keep alive)`), patience);
    clearInterval(telling);
  });

  it("is not online before its states are acknowledged, and stops within 2 s although nobody acknowledges", async () => {
    let received: Buffer = Buffer.alloc(0);
    answer = (socket, packet) => {
      received = Buffer.concat([received, packet]);
      if ((packet[0] ?? 0) >> 4 !== 3) agree(socket, packet);
    };
    const { events, link } = connect();
    await vi.waitFor(() => expect(received.includes(`${P}/out/lamp/state`)).toBe(true), patience);
    expect(link.publish(state("in/bell/state", "ON"))).toBe(true);
    await vi.waitFor(() => expect(received.includes(`${P}/in/bell/state`)).toBe(true), patience);
    expect(events).toEqual([]);
    expect(received.includes(`${P}/statusonline`)).toBe(false);
    const before = performance.now();
    await link.stop([state("status", "offline")]);
    // Loaded or not, it does not wait for the keep alive.
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  it("makes progress while it waits to try again, and none when what it waits for is overdue", async () => {
    answer = agree;
    const { link, events } = connect({ keepalive: 1_000 });
    await vi.waitFor(() => expect(events).toEqual(["online 3.1.1"]), patience);
    const now = vi.spyOn(performance, "now");
    const real = performance.now();
    const first = link.progress;
    expect(link.progress).toBe(first + 1);
    now.mockReturnValue(real + 60_000);
    expect(link.progress).toBe(first + 1);
    now.mockRestore();
    sockets[0]?.destroy();
    await vi.waitFor(() => expect(events).toHaveLength(2), patience);
    const second = link.progress;
    expect(link.progress).toBe(second + 1);
  });

  it("may be stopped before it was started, and while it waits", async () => {
    const idle = probe(`mqtt://127.0.0.1:${port}`);
    open = idle.link;
    await idle.link.stop([]);
    idle.link.start();
    expect(sockets).toHaveLength(0);
    answer = (socket) => socket.write(connack3(3));
    const waiting = connect();
    await vi.waitFor(() => expect(waiting.events).toHaveLength(1), patience);
    await waiting.link.stop([state("status", "offline")]);
    expect(waiting.link.view).toMatchObject({ online: false, problem: "stopped" });
  });
});
