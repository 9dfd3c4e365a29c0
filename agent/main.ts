#!/usr/bin/env node
import { loadBundle } from "./bundle.ts";
import { exit } from "./exit.ts";

// The bin, which `agent/bundle.mjs` makes `main.cjs` of. The table of subcommands is in `cli.ts`; the terminal UI starts without the rest.
const args = process.argv.slice(2);
// Of a process that ends before the command has.
process.exitCode = exit.bug;
void loadBundle(args[0] === "tui" ? "tui" : "pinbus")
  .exports.runCli(args)
  .then((code) => {
    process.exitCode = code;
  });
