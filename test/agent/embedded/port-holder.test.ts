import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describePortHolder, findPortHolder } from "../../../agent/embedded/port-holder.ts";
import { freePort } from "../../brokers.ts";

const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const row =
  "   0: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000   108        0 4242 1 0000000000000000 100 0 0 10 0\n";

/** A /proc in which port 1883 is held by user 108, socket 4242. */
function fakeProc(readable: boolean): { proc: string; passwd: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-proc-"));
  mkdirSync(join(folder, "net"));
  writeFileSync(join(folder, "net/tcp"), header + row);
  writeFileSync(join(folder, "passwd"), "root:x:0:0::/:/bin/sh\nmosquitto:x:108:113::/:/usr/sbin/nologin\n");
  mkdirSync(join(folder, "77/fd"), { recursive: true });
  writeFileSync(join(folder, "77/comm"), "mosquitto\n");
  if (readable) symlinkSync("socket:[4242]", join(folder, "77/fd/5"));
  return { proc: folder, passwd: join(folder, "passwd"), remove: () => rmSync(folder, { recursive: true }) };
}

describe("the holder of a port", () => {
  it("is found on this machine", async () => {
    const port = await freePort();
    expect(await findPortHolder(port)).toBeUndefined();
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    expect((await findPortHolder(port))?.process?.pid).toBe(process.pid);
    server.close();
  });

  it("is named with its process when that may be seen", async () => {
    const { proc, passwd, remove } = fakeProc(true);
    const holder = await findPortHolder(1883, proc, passwd);
    expect(holder).toEqual({ process: { pid: 77, name: "mosquitto" }, user: "mosquitto" });
    expect(describePortHolder("127.0.0.1", 1883, holder)).toBe(
      "the built-in broker cannot listen on 127.0.0.1:1883: mosquitto (pid 77) holds the port; to use that broker set mqtt.server: 127.0.0.1, or stop it",
    );
    remove();
  });

  it("is named by its user when the process is hidden, which is enough to recognise mosquitto", async () => {
    const { proc, passwd, remove } = fakeProc(false);
    const holder = await findPortHolder(1883, proc, passwd);
    expect(describePortHolder("::1", 1883, holder)).toBe(
      "the built-in broker cannot listen on [::1]:1883: a program of user mosquitto holds the port; to use that broker set mqtt.server: 127.0.0.1, or stop it",
    );
    remove();
  });

  it("is a program of another user in the sandbox of the unit, where every other user looks the same; a broker that runs here is probably it", async () => {
    const { proc, passwd, remove } = fakeProc(false);
    writeFileSync(join(proc, "net/tcp"), header + row.replace("  108 ", "65534 "));
    mkdirSync(join(proc, "sys/kernel"), { recursive: true });
    writeFileSync(join(proc, "sys/kernel/overflowuid"), "65534\n");
    mkdirSync(join(proc, "self"));
    writeFileSync(join(proc, "self/uid_map"), "         0          0          1\n       988        988          1\n");
    const slice = join(proc, "slice");
    const said = async () => describePortHolder("127.0.0.1", 1883, await findPortHolder(1883, proc, passwd, slice));
    expect(await said()).toContain("a program of another user (`sudo ss -ltnp` names it) holds the port; if it is a broker set");
    mkdirSync(join(slice, "mosquitto.service"), { recursive: true });
    expect(await said()).toBe(
      "the built-in broker cannot listen on 127.0.0.1:1883: a program of another user, probably mosquitto.service, which runs here, holds the port; to use that broker set mqtt.server: 127.0.0.1, or stop it",
    );
    // Outside of such a namespace it is a user like any other.
    writeFileSync(join(proc, "self/uid_map"), "         0          0 4294967295\n");
    expect(await said()).toContain("a program of user 65534 holds the port");
    remove();
  });

  it.each([
    ["127.0.0.1", 1884, "mqtt", "127.0.0.1:1884"],
    ["0.0.0.0", 1883, "mqtt", "127.0.0.1"],
    ["192.168.1.5", 1883, "mqtt", "192.168.1.5"],
    ["::", 8883, "mqtts", "mqtts://127.0.0.1:8883"],
    ["127.0.0.1", 9000, "ws", "ws://127.0.0.1:9000"],
  ])("is reached where it listens: %s port %i with %s", (address, port, protocol, server) => {
    const holder = { process: { pid: 77, name: "mosquitto" }, user: "mosquitto" };
    expect(describePortHolder(address, port, holder, protocol)).toContain(`to use that broker set mqtt.server: ${server}, or stop it`);
  });

  it("is another program when /proc tells nothing", async () => {
    const holder = await findPortHolder(1883, "/nowhere", "/nowhere");
    expect(describePortHolder("127.0.0.1", 1883, holder)).toContain(
      "another program holds the port; if it is a broker set mqtt.server: 127.0.0.1",
    );
  });
});
