import { dirname, join } from "node:path";

/** Where the socket is that may only look, unless the configuration says otherwise. */
export function viewBeside(socket: string): string {
  return join(dirname(socket), "view.sock");
}
