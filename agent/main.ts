#!/usr/bin/env node
import { loadBundle } from "./bundle.ts";

// The bin. The table of subcommands is in `cli.ts`; the terminal UI starts without the rest.
const args = process.argv.slice(2);
process.exitCode = await loadBundle(args[0] === "tui" ? "tui" : "pinbus").exports.runCli(args);
