import { failed, measured, numberOf, type Quantity, type SensorDriver, type SensorWorld } from "./driver.ts";

export interface CommandSettings extends Quantity {
  command: readonly string[];
  /** Where the number stands in the JSON that it prints, `battery.charge`; null when it prints the number alone. */
  json: string | null;
  timeout: number;
}

/** A program that prints one number, or JSON in which there is one. What it prints otherwise is not repeated: nobody knows what that is. */
export function openCommand({ programs }: SensorWorld, { command, json, timeout, name, unit }: CommandSettings): SensorDriver {
  const [program = ""] = command;
  const quantity = { name, unit };
  return {
    bus: `command ${command.join("\0")}`,
    quantities: [quantity],
    async read(signal) {
      const said = await programs.run(command, timeout, signal);
      if (!said.ok) return failed(said.code === "program" ? `${program} ${said.problem}` : `${program} was not run (${said.problem})`);
      const value = json === null ? numberOf(said.text) : numberAt(said.text, json);
      if (value !== undefined) return measured(quantity, value);
      return failed(json === null ? `${program} prints something else than one number` : `${program} prints no number at ${json}`);
    },
  };
}

function numberAt(text: string, path: string): number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  if (typeof value === "string") return numberOf(value);
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
