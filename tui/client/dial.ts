import { createConnection } from "node:net";
import type { Duplex } from "node:stream";

/** Opens the first of the sockets that lets us in. Rejects with a sentence; `code` is the system's. */
export async function dialSocket(paths: readonly string[]): Promise<Duplex> {
  let first: Error | undefined;
  for (const path of paths) {
    try {
      return await connect(path);
    } catch (error) {
      const problem = error as NodeJS.ErrnoException;
      // The socket to operate may be closed to this person; the one to look need not be.
      first ??= Object.assign(new Error(sentence(path, problem)), { code: problem.code });
      if (problem.code !== "EACCES" && problem.code !== "EPERM" && problem.code !== "ENOENT") break;
    }
  }
  throw first ?? new Error("no control socket is configured");
}

function connect(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
  });
}

function sentence(path: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return `no agent at ${path}: is it running? (systemctl status pinbus, or --socket)`;
    case "ECONNREFUSED":
      return `nobody listens at ${path}: the agent is not running`;
    case "EACCES":
    case "EPERM":
      return `${path} is not open to you: join the group pinbus-view to look or pinbus-op to operate`;
    default:
      return `${path}: ${error.message}`;
  }
}
