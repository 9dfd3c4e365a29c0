import { execFile } from "node:child_process";
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { systemctlEnv } from "../../../systemd/manager.ts";

/** getent(1): nothing of that name. */
const unknownKey = 2;

/**
 * The addresses of a name as this machine's resolver gives them. By a program that the signal ends: a lookup in this process holds it, at its exit
 * too, for as long as a dead name server takes.
 */
export function addressesOf(host: string, signal: AbortSignal, program = "getent"): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    const options = { env: systemctlEnv(), signal, killSignal: "SIGKILL" } as const;
    execFile(program, ["ahosts", host], options, (error, stdout) => {
      if (error?.code === "ENOENT") return lookup(host, { all: true }).then(resolve, reject);
      const found = [...new Set(stdout.split("\n").map((line) => line.split(/\s/)[0] ?? ""))];
      const addresses = found.flatMap((address) => (isIP(address) === 0 ? [] : { address, family: isIP(address) }));
      if (addresses.length > 0) return resolve(addresses);
      const code = error === null || error.code === unknownKey ? "ENOTFOUND" : "EAI_AGAIN";
      reject(Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code, hostname: host, syscall: "getaddrinfo" }));
    });
  });
}
