import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeNewFile } from "../command/new-file.ts";
import { localFiles, type Program } from "./local-files.ts";
import { command, type Machine, type Step, unitState } from "./machine.ts";
import { bytesOf, type Manifest, manifestFile, readManifest, sumOf } from "./manifest.ts";
import type { SystemFile } from "./system-files.ts";

export const configFolder = "/etc/pinbus";
const config = `${configFolder}/pinbus.yaml`;
const unit = "pinbus.service";

/** Why a service cannot be installed or removed here, and what to do. */
export class Refusal extends Error {}

/**
 * What makes a service of this program, in order: the first time, and after an update of it. What the administrator has changed, stopped or disabled
 * since the first time stays so. Throws Refusal.
 */
export async function installSteps(machine: Machine, program: Program & { version: string }): Promise<Step[]> {
  const at = (path: string) => join(machine.root, path);
  refuseSystem(machine);
  refuseHidden(machine, program);
  const before = readManifest(machine);
  const isFirst = (before?.version ?? null) === null;
  const { active, load } = await unitState(machine);
  if (load === "masked") throw new Refusal(`${unit} is masked: run sudo systemctl unmask ${unit}, then try again`);
  const judged = (await localFiles(machine.root, program)).map((file) => ({ file, found: judge(machine, file, before) }));
  const foreign = judged.filter(({ found }) => found === "foreign");
  if (foreign.length > 0)
    throw new Refusal(
      `somebody else's file is in the way: ${foreign.map(({ file }) => file.path).join(", ")}; move it away, then try again`,
    );
  const isChanged = before?.version !== program.version || judged.some(({ found }) => found === "write");
  const manifest: Manifest = {
    version: isFirst ? null : "",
    home: program.home,
    files: { ...before?.files },
    folders: [...(before?.folders ?? [])],
  };
  const fileIn = (folder: string) => judged.find(({ file }) => file.path.includes(`/${folder}/`))?.file.path ?? "";

  const steps: Step[] = [];
  for (const { file, found } of judged) {
    if (found === "write") steps.push({ say: `write ${file.path}`, do: () => writeSystemFile(machine, file, manifest) });
    else if (found === "changed") steps.push(keep(file.path));
    else manifest.files[file.path] = sumOf(file.bytes);
  }
  for (const path of Object.keys(before?.files ?? {}).filter((old) => !judged.some(({ file }) => file.path === old))) {
    delete manifest.files[path];
    if (judgeOld(machine, path, before) === "ours") steps.push(remove(machine, path));
  }
  steps.push(command(machine, undefined, "systemd-sysusers", fileIn("sysusers.d")));
  if (!isThere(at(config))) steps.push({ say: `write ${config}, which drives no pin`, do: () => writeStarter(machine, program.home) });
  steps.push(command(machine, undefined, "systemd-tmpfiles", "--create", fileIn("tmpfiles.d")));
  if (existsSync(at("/run/udev/control"))) {
    const failed = "the lines have their group from the next boot on";
    steps.push(command(machine, failed, "udevadm", "control", "--reload"));
    steps.push(command(machine, failed, "udevadm", "trigger", "--subsystem-match=gpio", "--subsystem-match=pwm"));
  }
  if (isChanged) {
    steps.push(command(machine, "`journalctl -x` explains nothing of pinbus", "journalctl", "--update-catalog"));
    steps.push(...warmSteps(machine, program));
    steps.push(command(machine, undefined, "systemctl", "daemon-reload"));
  }
  if (isFirst) steps.push(command(machine, undefined, "systemctl", "enable", unit));
  if (isChanged) steps.push({ say: `write ${manifestFile}`, do: () => writeManifest(machine, { ...manifest, version: program.version }) });
  const runs = ["active", "activating", "reloading"].includes(active);
  if (isFirst || (runs && isChanged))
    steps.push(command(machine, "the service did not start; `systemctl status pinbus` says why", "systemctl", "restart", unit));
  else steps.push({ say: `leave the service ${runs ? "running" : "stopped"}, as it is`, do: () => undefined });
  return steps;
}

/** Of what was compiled for an earlier program or Node; nobody needs it. */
export function removeCompiled(machine: Machine, home: string): void {
  const folder = join(machine.root, home, "dist/agent");
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (/^(pinbus|tui)\.cjs\..*\.cache/.test(name)) rmSync(join(folder, name), { force: true });
}

/** As the Debian package does: compiled now, the service starts sooner. With the flags of the launcher, and without for what people type. */
function warmSteps(machine: Machine, { home, node }: Program): Step[] {
  const flags = /--max-\S+/.exec(readFileSync(join(machine.root, home, "systemd/pinbus"), "utf8"))?.[0];
  const warm = join(home, "dist/agent/warm.js");
  const failed = "nothing is compiled, and each start takes longer";
  const forget = { say: "remove what was compiled before", do: () => removeCompiled(machine, home) };
  return [forget, command(machine, failed, node, warm), ...(flags === undefined ? [] : [command(machine, failed, node, flags, warm)])];
}

/** Where the Debian package has its unit: what it has put there, it removes. */
const debianUnit = `/usr/lib/systemd/system/${unit}`;

/** For uninstall as well: the Debian package looks after itself. */
export function refuseSystem({ root }: Machine): void {
  if (existsSync(join(root, debianUnit)))
    throw new Refusal("pinbus is installed as a Debian package, which brings its service: use apt-get, or remove the package first");
  if (!existsSync(join(root, "/run/systemd/system")))
    throw new Refusal("systemd does not run here: run `pinbus run` by what starts your services");
}

/** The unit does not see these folders, and its user has to read the program and the Node. */
function refuseHidden(machine: Machine, { home, node }: Program): void {
  for (const path of [home, node]) {
    if (/^\/(home|root|run\/user|tmp|var\/tmp)\//.test(path))
      throw new Refusal(`the service would not see ${path}: install Node.js and pinbus for all users, below /usr/local`);
    for (let folder = path; folder !== "/"; folder = dirname(folder)) {
      const { mode } = statSync(join(machine.root, folder), { throwIfNoEntry: false }) ?? { mode: 0o777 };
      if ((mode & 0o001) === 0) throw new Refusal(`the user of the service may not enter ${folder}: run sudo chmod o+rx ${folder}`);
    }
  }
}

/** `changed` = ours, and somebody has changed it; `foreign` = never ours. */
function judge(machine: Machine, { path, bytes }: SystemFile, before: Manifest | undefined): "same" | "write" | "changed" | "foreign" {
  const found = bytesOf(join(machine.root, path));
  if (found === undefined) return "write";
  if (found.equals(bytes)) return "same";
  const old = before?.files[path];
  if (old === undefined) return "foreign";
  return sumOf(found) === old ? "write" : "changed";
}

/** Of a file that the manifest names. */
export function judgeOld(machine: Machine, path: string, manifest: Manifest | undefined): "ours" | "changed" | "gone" {
  const found = bytesOf(join(machine.root, path));
  if (found === undefined) return "gone";
  return sumOf(found) === manifest?.files[path] ? "ours" : "changed";
}

/** What somebody has made of a file of ours is theirs. */
export function keep(path: string): Step {
  return { say: `keep ${path}, which was changed since it was written`, do: () => undefined };
}

export function remove({ root }: Machine, path: string): Step {
  return { say: `remove ${path}`, do: () => rmSync(join(root, path), { force: true }) };
}

function writeSystemFile(machine: Machine, { path, bytes, mode }: SystemFile, manifest: Manifest): void {
  makeFolder(machine, dirname(path), manifest);
  replaceBytes(join(machine.root, path), bytes, mode);
  manifest.files[path] = sumOf(bytes);
  // Whatever comes next, uninstall knows of it.
  writeManifest(machine, manifest);
}

/** With the folders above it, each of which is noted. */
function makeFolder(machine: Machine, path: string, manifest: Manifest): void {
  const folder = join(machine.root, path);
  if (existsSync(folder)) return;
  makeFolder(machine, dirname(path), manifest);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  manifest.folders.push(path);
}

function writeManifest(machine: Machine, manifest: Manifest): void {
  const { root } = machine;
  makeFolder(machine, dirname(manifestFile), manifest);
  replaceBytes(join(root, manifestFile), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`), 0o644);
}

/** As a whole: nobody reads half a unit. */
function replaceBytes(file: string, bytes: Buffer, mode: number): void {
  const next = `${file}.new`;
  rmSync(next, { force: true });
  writeNewFile(next, bytes, mode);
  chmodSync(next, mode);
  renameSync(next, file);
}

/** Who may read it says tmpfiles.conf, which is applied after it. */
function writeStarter({ root }: Machine, home: string): void {
  mkdirSync(join(root, configFolder), { recursive: true });
  writeNewFile(join(root, config), readFileSync(join(root, home, "config/examples/starter.yaml"), "utf8"), 0o640);
}

/** A link to nowhere is one, too: what the administrator has put there is not replaced. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
