import { createServer, type Server, type Socket } from "node:net";
import { encode, type Hello, LineSplitter, type Method, maxRequestBytes, type Push, type Request } from "../../../agent/protocol.ts";
import { hello } from "../scene.ts";

type Serve = { [M in Method]?: (request: Request & { method: M }) => unknown };

/** An agent's control socket that a test moves by hand. */
export class FakeAgent {
  readonly requests: Request[] = [];
  hello: Hello = hello;
  /** Answers by method; a method without one is never answered, `{reason}` refuses. */
  serve: Serve = {};
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  async listen(path: string): Promise<this> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return this;
  }

  get clients(): number {
    return this.#sockets.size;
  }

  push(push: Push): void {
    for (const socket of this.#sockets) socket.write(encode(push));
  }

  raw(bytes: string | Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => undefined);
    const splitter = new LineSplitter(maxRequestBytes);
    socket.on("data", (chunk: Buffer) => {
      for (const line of splitter.push(chunk)) this.#answer(socket, JSON.parse(line) as Request);
    });
  }

  #answer(socket: Socket, request: Request): void {
    this.requests.push(request);
    const { id, method } = request;
    // An older agent has no detail of a pin, and says so.
    const older = () => ({ reason: "unknown-method", message: "no such method" });
    const serve = { hello: () => this.hello, watch: () => ({}), pin: older, lines: older, "broker-login": older, ...this.serve } as Record<
      string,
      ((request: Request) => unknown) | undefined
    >;
    const result = serve[method]?.(request);
    if (result === undefined) return;
    const refused = typeof result === "object" && result !== null && "reason" in result;
    socket.write(`${JSON.stringify(refused ? { id, ok: false, error: result } : { id, ok: true, result })}\n`);
  }
}
