import { execFileSync } from "node:child_process";

/** Debian's Python, for which python3-paho-mqtt is made. */
export const python = "/usr/bin/python3";

export function hasPaho(): boolean {
  try {
    execFileSync(python, ["-c", "import paho.mqtt.client"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
