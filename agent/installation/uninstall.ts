import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { configFolder, judgeOld, keep, refuseSystem, remove, removeCompiled } from "./install.ts";
import { command, type Machine, type Step, unitState } from "./machine.ts";
import { manifestFile, readManifest } from "./manifest.ts";

const stateFolder = "/var/lib/pinbus";

/** What undoes an installation exactly; empty when there is nothing to do. Throws Refusal. `purge`: the configuration and the state, too. */
export async function uninstallSteps(machine: Machine, { purge }: { purge: boolean }): Promise<Step[]> {
  const at = (path: string) => join(machine.root, path);
  refuseSystem(machine);
  const manifest = readManifest(machine);
  const steps: Step[] = [];
  if (manifest) {
    const { load } = await unitState(machine);
    // Its outputs go to their on_exit states.
    if (load !== "not-found") steps.push(command(machine, undefined, "systemctl", "disable", "--now", "pinbus.service"));
    for (const path of Object.keys(manifest.files)) {
      const found = judgeOld(machine, path, manifest);
      if (found === "ours") steps.push(remove(machine, path));
      if (found === "changed") steps.push(keep(path));
    }
    steps.push({ say: "remove what was compiled", do: () => removeCompiled(machine, manifest.home) });
    steps.push(remove(machine, manifestFile));
    for (const folder of manifest.folders.toReversed())
      steps.push({ say: `remove ${folder} if it is empty`, do: () => removeEmpty(at(folder)) });
    steps.push(command(machine, undefined, "systemctl", "daemon-reload"));
    steps.push(command(machine, "", "systemctl", "reset-failed", "pinbus.service"));
    if (existsSync(at("/run/udev/control")))
      steps.push(command(machine, "the rule for lines holds until the next boot", "udevadm", "control", "--reload"));
    steps.push(command(machine, "journalctl -x still explains entries of pinbus", "journalctl", "--update-catalog"));
  }
  for (const folder of [configFolder, stateFolder]) {
    if (lstatSync(at(folder), { throwIfNoEntry: false }) === undefined) continue;
    if (purge)
      steps.push({ say: `remove ${folder} and all that is in it`, do: () => rmSync(at(folder), { recursive: true, force: true }) });
    else if (manifest) steps.push({ say: `keep ${folder}; --purge removes it`, do: () => undefined });
  }
  return steps;
}

function removeEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
