// QEMU's own control socket.  From a shell: qmp.mjs <state folder> quit
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Sends commands one by one; resolves with the last answer, or null when QEMU hung up first. */
export function qmp(folder, ...commands) {
  return new Promise((ok, no) => {
    const socket = net.connect(path.join(folder, "qmp.sock"), () => socket.write('{"execute":"qmp_capabilities"}'));
    let text = "";
    socket.on("error", no);
    socket.on("close", () => ok(null));
    socket.on("data", (data) => {
      text += data;
      const lines = text.split("\n");
      text = lines.pop();
      for (const line of lines) {
        const answer = JSON.parse(line);
        if (answer.error) {
          socket.destroy();
          return no(new Error(answer.error.desc));
        }
        if (!("return" in answer)) continue; // a greeting or an event
        if (commands.length === 0) {
          socket.destroy();
          return ok(answer.return);
        }
        socket.write(JSON.stringify(commands.shift()));
      }
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, command] = process.argv.slice(2);
  // No socket = nothing runs, which is what the caller of "quit" wants.
  await qmp(folder, { execute: command }).catch(() => {});
}
