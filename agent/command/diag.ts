import { whyUnwritten } from "../../config/file-words.ts";
import { checks } from "../doctor/checks.ts";
import { examine } from "../doctor/finding.ts";
import { printed } from "../doctor/gather/deadline.ts";
import { readModel } from "../doctor/gather/service.ts";
import { gatherFacts } from "../doctor/gather.ts";
import { reportOf } from "../doctor/report.ts";
import { exit } from "../exit.ts";
import { readHost } from "../shell/host.ts";
import { readVersion } from "../version.ts";
import { type Command, CommandError, print, readArgs, socketOptions } from "./command.ts";
import { writeNewFile } from "./new-file.ts";

/** `pinbus diag`: what somebody needs who is asked for help, and nothing else; also without a running agent. */
export const diag: Command = {
  usage: "[FILE] [--config FILE]",
  summary: "write a report for whoever helps, as JSON, without names, addresses and secrets",
  async run(args) {
    const { values, positionals } = readArgs(args, socketOptions, { min: 0, max: 1 });
    const signal = AbortSignal.timeout(5000);
    const journalArgs = ["--unit=pinbus", "--lines=300", "--output=json", "--quiet", "--no-pager"];
    const [facts, journal, machine] = await Promise.all([
      gatherFacts({ args: values, env: process.env }),
      printed("journalctl", journalArgs, signal),
      readModel("/"),
    ]);
    const config = "value" in facts.config ? facts.config.value.config : undefined;
    const report = reportOf({
      now: facts.now,
      version: readVersion(),
      nodeVersion: process.version,
      kernel: facts.kernel,
      ...machine,
      findings: examine(checks, facts),
      config,
      status: facts.status,
      host: await readHost({ stateDir: config?.state_dir ?? "/" }),
      journal,
    });
    const [file] = positionals;
    if (file === undefined) print(JSON.stringify(report));
    else {
      write(file, `${JSON.stringify(report, null, 2)}\n`);
      print(`${file} is written; read it before you send it`);
    }
    return exit.ok;
  },
};

/** A new file that only its owner may read. */
function write(file: string, text: string): void {
  try {
    writeNewFile(file, text, 0o600);
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
    const why = exists ? "exists and is not overwritten" : `could not be written: ${whyUnwritten(error)}`;
    throw new CommandError(exit.refused, `${file} ${why}; name another file`);
  }
}
