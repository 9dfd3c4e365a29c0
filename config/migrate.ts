import { type Move, moveKeys, setVersion } from "./move.ts";
import { type Parsed, parseYaml, type Spot, type Tree } from "./yaml.ts";

/** What leads from one version of the file to the next. */
export type Migration = readonly Move[];

/** The first one leads from version 1 to 2, and so on: the newest version is one more than there are. */
export const migrations: readonly Migration[] = [];

export type Migrated =
  | { ok: true; from: number; to: number; changed: boolean; text: string }
  | { ok: false; problem: Spot & { message: string; fix: string } };

/** Brings a file, as it was parsed, to the newest version; comments stay. What is no YAML comes back as it is: the loader tells it better. */
export function migrate(text: string, { tree, faults }: Parsed, table: readonly Migration[] = migrations): Migrated {
  const newest = table.length + 1;
  const said = versionOf(tree);
  const from = said?.version ?? 1;
  if (said !== undefined && from > newest)
    return {
      ok: false,
      problem: {
        line: said.line,
        column: said.column,
        message: `the file has version ${from}, and this pinbus knows versions up to ${newest}`,
        fix: "install a newer pinbus, or take the file from before its change",
      },
    };
  const unchanged = { ok: true, from, to: newest, changed: false, text } as const;
  if (from === newest || faults.length > 0 || tree?.kind !== "map") return unchanged;
  let now = text;
  for (const move of table.slice(from - 1).flat()) {
    const moved = moveKeys(now, move);
    if (!moved.ok) return { ok: false, problem: moved };
    now = moved.text;
  }
  const versioned = setVersion(now, newest);
  const { tree: after, faults: broken } = parseYaml(versioned);
  if (broken.length > 0 || versionOf(after)?.version !== newest)
    return {
      ok: false,
      problem: {
        line: said?.line ?? 1,
        column: said?.column ?? 1,
        message: `version ${newest} cannot be written into this file for you`,
        fix: `write \`version: ${newest}\` by hand`,
      },
    };
  return { ok: true, from, to: newest, changed: true, text: versioned };
}

/** What the file says of its version, if that is a whole number. */
function versionOf(tree: Tree | undefined): (Spot & { version: number }) | undefined {
  const entry = tree?.kind === "map" ? tree.entries.find(({ key }) => key === "version") : undefined;
  if (entry?.value.kind !== "scalar") return undefined;
  const { value, line, column } = entry.value;
  return typeof value === "number" && Number.isInteger(value) && value >= 1 ? { version: value, line, column } : undefined;
}
