#!/usr/bin/env node
import { loadBundle } from "./bundle.ts";

// The bin. The table of subcommands is in `cli.ts`.
process.exitCode = await loadBundle().runCli(process.argv.slice(2));
