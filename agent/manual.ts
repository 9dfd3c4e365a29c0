import { settingOptions } from "../config/environment.ts";
import { heading, item, pageHead } from "../config/roff.ts";
import { schema } from "../config/schema.ts";
import { commands } from "./cli.ts";
import type { Command } from "./command/command.ts";
import { exitTable } from "./exit.ts";

/** A subcommand by its name, from the table that runs them. */
type Named = Pick<Command, "usage" | "summary"> & { name: string };

async function table(): Promise<Named[]> {
  return Promise.all(Object.entries(commands).map(async ([name, load]) => ({ ...(await load()), name })));
}

/** The manual page `pinbus(1)`, from the table of subcommands and the table of exit codes. */
export async function commandManual(): Promise<string> {
  const parts = [...pageHead("pinbus", 1, "puts the pins of a Raspberry Pi on the MQTT bus"), heading("Synopsis")];
  parts.push("\\fBpinbus\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]", heading("Commands"));
  for (const { name, usage, summary } of await table()) parts.push(...item(`\`pinbus ${name}\`${usage && ` ${usage}`}`, `${summary}.`));
  parts.push(heading("Options"));
  parts.push(...item("`--help`", "after a command: how it is used; alone: all commands."), ...item("`--version`", "the version."));
  parts.push(...item("`--config` FILE", "another configuration than the one of the service; also the variable PINBUS_CONFIG."));
  parts.push(
    ...item("`--socket` PATH", "of a command that talks to the agent: its control socket; also the variable PINBUS_CONTROL_SOCKET."),
  );
  const arg = "`--mqtt-server` stands for `mqtt.server` of pinbus.yaml(5); a list has commas.";
  parts.push(...item("`--<setting>` VALUE", `of run and check: any single setting, its path with hyphens: ${arg}`));
  parts.push(heading("Exit status"), ...exitTable.flatMap(({ code, meaning }) => item(`\`${code}\``, meaning)));
  parts.push(heading("See also"), "\\fBpinbus.yaml\\fR(5), \\fBjournalctl\\fR(1), \\fBmosquitto_sub\\fR(1)");
  return `${parts.join("\n")}\n`;
}

/** Completion for bash, from the same table: the commands, and of each its words and options. */
export async function commandCompletion(): Promise<string> {
  const named = await table();
  const settings = Object.keys(settingOptions(schema)).map((name) => `--${name}`);
  const cases = named.map(({ name, usage }) => `    ${name}) words="${wordsOf(usage, settings).join(" ")}" ;;`);
  return `# Completion of pinbus for bash, made from its table of commands.
_pinbus() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "${named.map(({ name }) => name).join(" ")} --help --version" -- "$current"))
    return
  fi
  case $previous in
    --config | --socket | --replay | --settings)
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -f -- "$current"))
      return
      ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words --help" -- "$current"))
} &&
  complete -o default -F _pinbus pinbus
`;
}

/** The options of a usage and the words to choose from: \`on|off|toggle\`. */
function wordsOf(usage: string, settings: readonly string[]): string[] {
  const options = usage.match(/(?<![\w<])--?[a-z][\w-]*/g) ?? [];
  const plain = usage.replace(/<[^>]*>|\[[^\]]*\]/g, " ").replaceAll(" | ", " ");
  const words = plain.split(/[\s,|]+/).filter((word) => /^[a-z][a-z-]*$/.test(word) && word !== "or");
  return [...new Set([...words, ...options, ...(usage.includes("<setting>") ? settings : [])])];
}
