import type { TuiOptions } from "./options.ts";

/** What comes along to the terminal UI of another node. */
type Luggage = Pick<TuiOptions, "ascii" | "utf8" | "theme" | "settings" | "env" | "stdin" | "stdout" | "filters" | "readOnly">;

export interface Visit {
  run(options: TuiOptions): Promise<number>;
  options: Luggage & Pick<TuiOptions, "stderr">;
  destination: string;
  /** Its keys change nothing as long as it stands. */
  lookOnly: boolean;
  from: NonNullable<TuiOptions["from"]>;
}

/** Another terminal UI in this terminal, until the person comes back; what is to be said then. */
export async function visit({ run, options, destination, lookOnly, from }: Visit): Promise<{ text: string; ok: boolean }> {
  const { ascii, utf8, theme, settings, env, stdin, stdout, filters, readOnly, stderr = process.stderr } = options;
  let said = "";
  const output = {
    write(text: string) {
      said = text;
      stderr.write(text);
    },
  };
  const luggage: Luggage = { ascii, utf8, theme, settings, env, stdin, stdout, filters, readOnly };
  const code = await run({ ...luggage, host: destination, lookOnly, stderr: output, from });
  return code === 0 ? { text: `back from ${destination}`, ok: true } : { text: said.trim().replace("pinbus tui: ", ""), ok: false };
}
