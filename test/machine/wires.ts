import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const config = "/sys/kernel/config/gpio-sim";

export interface WireAddress {
  /** Label of the simulated chip. */
  chip: string;
  offset: number;
}

/** One line as the outside world sees it. */
export interface Wire extends WireAddress {
  level: 0 | 1;
  pull: 0 | 1;
}

export function lineKey({ chip, offset }: WireAddress): string {
  return `${chip}:${offset}`;
}

/** Every line of every simulated chip that is there now. */
export function wires(): Wire[] {
  return folders().flatMap(({ chip, folder }) => {
    const offsets = readdirSync(folder).flatMap((name) => /^sim_gpio(\d+)$/.exec(name)?.[1] ?? []);
    return offsets.map((offset) => ({
      chip,
      offset: Number(offset),
      level: read(folder, offset, "value") === "1" ? 1 : 0,
      pull: read(folder, offset, "pull") === "pull-up" ? 1 : 0,
    }));
  });
}

/** Pulls lines from outside. */
export function pull(wanted: readonly Pick<Wire, "chip" | "offset" | "pull">[]): void {
  const found = new Map(folders().map(({ chip, folder }) => [chip, folder]));
  for (const { chip, offset, pull } of wanted) {
    const folder = found.get(chip);
    if (folder === undefined) throw new Error(`there is no simulated chip ${chip}`);
    writeFileSync(join(folder, `sim_gpio${offset}`, "pull"), pull === 1 ? "pull-up" : "pull-down");
  }
}

function folders(): { chip: string; folder: string }[] {
  return readdirSync(config).map((device) => {
    const setting = (...path: string[]) => readFileSync(join(config, device, ...path), "utf8").trim();
    return {
      chip: setting("bank", "label"),
      folder: join("/sys/devices/platform", setting("dev_name"), setting("bank", "chip_name")),
    };
  });
}

function read(folder: string, offset: string, name: string): string {
  return readFileSync(join(folder, `sim_gpio${offset}`, name), "utf8").trim();
}
