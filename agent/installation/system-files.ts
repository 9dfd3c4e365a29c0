import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { configManual } from "../../config/manual.ts";
import { commandCompletion, commandManual } from "../manual.ts";

/** A file that belongs to an installed pinbus, besides the program itself. */
export interface SystemFile {
  path: string;
  bytes: Buffer;
  mode: number;
}

/** What systemd, udev, polkit, man and bash read, where the Debian package puts it. `home`: the folder of the program, with `systemd` in it. */
export async function systemFiles(home: string): Promise<SystemFile[]> {
  const places = Object.entries(placesOf(home)).map(([name, path]) => ({ path, bytes: readFileSync(join(home, "systemd", name)) }));
  const made = [
    { path: "/usr/share/man/man1/pinbus.1.gz", bytes: zipped(await commandManual()) },
    { path: "/usr/share/man/man5/pinbus.yaml.5.gz", bytes: zipped(configManual()) },
    { path: "/usr/share/bash-completion/completions/pinbus", bytes: Buffer.from(await commandCompletion()) },
  ];
  return [...places, ...made].map((file) => ({ ...file, mode: file.path.startsWith("/usr/bin/") ? 0o755 : 0o644 }));
}

/** Where the Debian package puts each file of `systemd`. */
function placesOf(home: string): Record<string, string> {
  return JSON.parse(readFileSync(join(home, "systemd/places.json"), "utf8"));
}

/** The same bytes at any time: gzip keeps neither name nor time. */
function zipped(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}
