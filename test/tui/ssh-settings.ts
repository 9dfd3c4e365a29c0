import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface SshMachine {
  /** How ssh calls it. */
  host: string;
  port: number;
  /** The control socket of its agent. */
  socket: string;
}

export interface SshOptions {
  /** Of pinbus, there. */
  main: string;
  /** The real ssh. */
  ssh: string;
  machines: readonly SshMachine[];
  /** Locks the key of the person. */
  passphrase?: string;
  /** The person does not know the machines yet, and must agree to their key. */
  asks?: boolean;
}

/**
 * Below `dir`: keys and settings of one sshd that is several machines, each on a port of its own; `local/ssh`, the real one with settings of its
 * own, since a person has some for the machine too; and `pinbus` in the path there. Returns the arguments of the sshd, which somebody else starts.
 */
export function writeSshd(dir: string, { main, ssh, machines, passphrase = "", asks = false }: SshOptions): string[] {
  const at = (name: string) => join(dir, name);
  for (const [key, lock] of [["host", ""] as const, ["person", passphrase] as const])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", lock, "-f", at(key)]);
  copyFileSync(at("person.pub"), at("authorized_keys"));
  for (const folder of ["local", "there"]) mkdirSync(at(folder));
  writeFileSync(at("there/pinbus"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  writeFileSync(at("local/ssh"), `#!/bin/sh\nexec '${ssh}' -F '${at("ssh_config")}' "$@"\n`, { mode: 0o755 });
  const key = readFileSync(at("host.pub"), "utf8");
  if (!asks) writeFileSync(at("known"), machines.map(({ port }) => `[127.0.0.1]:${port} ${key}`).join(""));
  const hosts = machines.map(({ host, port }) => `Host ${host}\n  HostName 127.0.0.1\n  Port ${port}\n`);
  const person = `Host *\n  IdentityFile ${at("person")}\n  UserKnownHostsFile ${at("known")}\n  IdentitiesOnly yes\n  IdentityAgent none\n  StrictHostKeyChecking ask\n`;
  writeFileSync(at("ssh_config"), [...hosts, person].join(""));
  const lines = [
    ...machines.map(({ port }) => `Port ${port}`),
    "ListenAddress 127.0.0.1",
    `HostKey ${at("host")}`,
    `AuthorizedKeysFile ${at("authorized_keys")}`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin yes",
    ...machines.flatMap(({ port, socket }) => [
      `Match LocalPort ${port}`,
      `  SetEnv PATH=${at("there")}:/usr/bin:/bin PINBUS_CONTROL_SOCKET=${socket}`,
    ]),
  ];
  writeFileSync(at("sshd_config"), `${lines.join("\n")}\n`);
  // Debian's unit makes it; sshd does not start without it.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  return ["-D", "-f", at("sshd_config")];
}
