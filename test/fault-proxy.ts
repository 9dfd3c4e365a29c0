import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** `up` = towards the broker. */
export type Direction = "up" | "down";

export interface FaultProxy {
  url: string;
  /** While closed, every connection is dropped at once. */
  open: boolean;
  /** Both ways, ms. */
  delay: number;
  /** A black hole: connections stay, and nothing comes through. */
  silent: boolean;
  /** Every new connection is dropped when so many bytes of it have passed. */
  cutAfter: { direction: Direction; bytes: number } | null;
  /** Connections that were taken. */
  readonly connections: number;
  /** Drops the connections without a goodbye. */
  cut(): void;
  stop(): Promise<void>;
}

/** A TCP proxy that can fail, so that an observer can stay connected to the broker while the link loses it. */
export async function startProxy(port: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const proxy: FaultProxy = {
    url: "",
    open: true,
    delay: 0,
    silent: false,
    cutAfter: null,
    get connections() {
      return connections;
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async stop() {
      proxy.cut();
      server.close();
      await once(server, "close");
    },
  };
  const server: Server = createServer({ noDelay: true }, (near) => {
    if (!proxy.open) return near.destroy();
    connections++;
    const far = createConnection({ port, host: "127.0.0.1", noDelay: true });
    const { cutAfter } = proxy;
    const ways: [Direction, Socket, Socket][] = [
      ["up", near, far],
      ["down", far, near],
    ];
    for (const [direction, from, to] of ways) {
      sockets.add(from);
      let left = cutAfter?.direction === direction ? cutAfter.bytes : Number.POSITIVE_INFINITY;
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on("data", (chunk) => {
        if (proxy.silent) return;
        const part = chunk.subarray(0, left);
        left -= part.length;
        if (proxy.delay > 0) setTimeout(() => to.destroyed || to.write(part), proxy.delay);
        else to.write(part);
        // What was written arrives; the next byte is lost.
        if (left === 0) to.end(() => from.resetAndDestroy());
      });
    }
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy.url = `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`;
  return proxy;
}
