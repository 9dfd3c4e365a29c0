import { hostname } from "node:os";
import systeminformation from "systeminformation";

// The process that `inventory.ts` starts: prints one line of JSON and ends.

const [{ manufacturer, model }, { distro, release, kernel, arch }] = await Promise.all([
  systeminformation.system(),
  systeminformation.osInfo(),
]);
const named = (...words: string[]) => words.filter((word) => word !== "" && word !== "-").join(" ");
const inventory = { hostname: hostname(), model: named(manufacturer, model), os: named(distro, release), kernel, arch };
process.stdout.write(`${JSON.stringify(inventory)}\n`);
