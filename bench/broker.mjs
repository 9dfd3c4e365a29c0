import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { end, pause } from "./process.mjs";

const mosquitto = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"].find((path) => existsSync(path));

/** Debian's mosquitto with its defaults on a free loopback port, except for two settings. */
export async function startBroker(folder) {
  if (!mosquitto) throw new Error("mosquitto is not installed: apt-get install mosquitto libmosquitto-dev");
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  const user = process.getuid() === 0 ? "user root\n" : "";
  // With the default of 1,000 waiting messages the broker itself drops commands of an open loop. With its default of no
  // TCP_NODELAY a state waits up to 40 ms behind the PUBACK of its command, for every program the same.
  const settings = "allow_anonymous true\npersistence false\nmax_queued_messages 0\nset_tcp_nodelay true";
  writeFileSync(file, `listener ${port} 127.0.0.1\n${settings}\n${user}`);
  const child = spawn(mosquitto, ["-c", file], { stdio: "ignore" });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error("mosquitto ended at its start");
    await pause(20);
  }
  return { port, pid: child.pid, stop: () => end(child) };
}

export function brokerVersion() {
  try {
    return execFileSync(mosquitto, ["-h"], { encoding: "utf8" }).match(/version (\S+)/)?.[1] ?? "unknown";
  } catch (error) {
    // Some versions end with 3 after their help.
    return String(error.stdout).match(/version (\S+)/)?.[1] ?? "unknown";
  }
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export function answers(port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
