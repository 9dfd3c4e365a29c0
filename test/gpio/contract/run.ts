import { cases } from "./cases.ts";
import { machineWorld, setBoard, unexportAll } from "./machine-world.ts";
import { leftOut } from "./world.ts";

/**
 * The contract suite on kernel lines: `node build/test/gpio/contract/run.js chardev|sysfs [pi4|pi5] [WORDS OF A NAME]`, as root in
 * the test machine (it makes the board itself). One line for each case, then `N passed, N failed`; exit code 1 on a failure.
 */
const [driverName, kind = "pi4", ...words] = process.argv.slice(2);
if ((driverName !== "chardev" && driverName !== "sysfs") || (kind !== "pi4" && kind !== "pi5")) {
  console.error("usage: run.js chardev|sysfs [pi4|pi5] [words of a case's name]");
  process.exit(64);
}
await setBoard(kind);
let passed = 0;
let failed = 0;
for (const test of cases.filter(({ name }) => name.includes(words.join(" ")))) {
  const world = await machineWorld(driverName, kind);
  const reason = leftOut(test, world);
  if (reason) {
    console.log(`left out - ${test.name} (${reason})`);
    continue;
  }
  const start = performance.now();
  try {
    await test.run(world);
    passed++;
    console.log(`ok - ${driverName} ${kind}: ${test.name} (${Math.round(performance.now() - start)} ms)`);
  } catch (error) {
    failed++;
    console.log(`not ok - ${driverName} ${kind}: ${test.name}\n${error instanceof Error ? error.stack : error}`);
    // A case that ended in the middle may have left the board away.
    await setBoard(kind);
  } finally {
    world.driver.close();
    unexportAll();
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
