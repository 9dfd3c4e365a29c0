import { once } from "node:events";
import { createConnection } from "node:net";
import { generate } from "./packets.ts";

export interface Guest {
  username?: string;
  password?: string;
  clientId?: string;
}

/** The code of the CONNACK. */
export async function codeOf(port: number, { clientId = "test", ...credentials }: Guest): Promise<number> {
  const socket = createConnection({ host: "127.0.0.1", port });
  socket.on("error", () => undefined);
  socket.write(generate.connect(clientId, credentials));
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer[3] ?? -1;
}
