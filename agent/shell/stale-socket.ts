import { lstatSync, rmSync } from "node:fs";
import { connect } from "node:net";

/** Makes way for a socket at `path`. A socket on which nobody accepts connections is what a crash left; anything else is somebody's. */
export async function removeStale(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) throw new Error(`${path} is not a socket and is not overwritten: set control.socket to another path`);
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "EIO"));
  });
  if (code === "ECONNREFUSED") rmSync(path, { force: true });
  else if (code !== "ENOENT")
    throw new Error(
      `another agent answers on ${path}${code === undefined ? "" : ` (${code})`}: stop it first, or set control.socket to another path`,
    );
}
