import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { cachedDataVersionTag } from "node:v8";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import type { runCli } from "./cli.ts";
import type { runTui, runCli as runTuiCli } from "./tui-cli.ts";

// An `import` of it would load all that it has, streams too, before the first line of the bundle.
const { readFileSync, renameSync, rmSync, writeFileSync } = process.getBuiltinModule("node:fs");

const dist = new URL("../", import.meta.url);

/** What `agent/bundle.mjs` makes one file each of: all of pinbus but the terminal UI, and the terminal UI with its command. */
interface Contents {
  pinbus: { runCli: typeof runCli };
  tui: { runCli: typeof runTuiCli; runTui: typeof runTui };
}

export interface Bundle<Name extends keyof Contents> {
  readonly exports: Contents[Name];
  /** Whether V8 took what it had compiled before. */
  readonly warm: boolean;
  /** Keeps beside the bundle what V8 has compiled of it so far, for this Node with these flags. Throws when the folder cannot be written. */
  keepCompiled(): void;
}

/**
 * Loads a bundle with what V8 compiled before (`agent/warm.ts`), else without. V8 itself looks at the length of the source only and crashes
 * over a damaged cache; so the bundle and the cache are compared with their checksums.
 */
export function loadBundle<Name extends keyof Contents>(name: Name): Bundle<Name> {
  // In the cache V8 keeps the name of the script, which has no folder: what is built here may be installed there.
  const filename = `${name}.cjs`;
  const file = fileURLToPath(new URL(`./${filename}`, import.meta.url));
  const bytes = readFileSync(file);
  const sum = crc32(bytes);
  // Of another Node, processor or set of flags there is another file.
  const cache = `${file}.${process.version}-${process.arch}-${cachedDataVersionTag().toString(16)}.cache`;
  const cachedData = readCache(cache, sum);
  const script = new Script(bytes.toString("latin1"), { filename, ...(cachedData && { cachedData }) });
  const exports: Partial<Contents[Name]> = {};
  const moduleUrl = (path: string) => new URL(path, dist).href;
  const importModule = (specifier: string) => import(specifier);
  script.runInThisContext()(exports, createRequire(import.meta.url), moduleUrl, importModule);
  if (!exports.runCli) throw new Error(`${file} is not what agent/bundle.mjs makes: npm run build`);
  return {
    exports: exports as Contents[Name],
    warm: script.cachedDataRejected === false,
    keepCompiled: () => writeCache(cache, sum, script.createCachedData()),
  };
}

/** Checksum of the bundle, checksum of what follows, what V8 compiled. */
function readCache(path: string, sum: number): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    const compiled = bytes.subarray(8);
    return bytes.readUInt32LE(0) === sum && bytes.readUInt32LE(4) === crc32(compiled) ? compiled : undefined;
  } catch {
    // There is none, or not even a head of one.
    return undefined;
  }
}

function writeCache(path: string, sum: number, compiled: Buffer): void {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(sum, 0);
  head.writeUInt32LE(crc32(compiled), 4);
  // Whoever starts meanwhile finds the one or the other, never half of one.
  const half = `${path}.${process.pid}`;
  try {
    writeFileSync(half, Buffer.concat([head, compiled]));
    renameSync(half, path);
  } catch (error) {
    rmSync(half, { force: true });
    throw error;
  }
}
