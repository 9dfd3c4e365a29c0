/** A step of a story that is told in order: later cases build on what earlier ones left. */
export interface Case {
  name: string;
  run(): Promise<void>;
}

/** Runs all cases in order, prints one line for each and the closing line; resolves with the exit code. */
export async function runCases(title: string, cases: readonly Case[], onFailure: () => Promise<string>): Promise<number> {
  let passed = 0;
  let failed = 0;
  // The emulated kernel loses a wake-up now and then (the end of a program was never told, and all stood still): a loop that turns sees it late.
  const beat = setInterval(() => undefined, 1000);
  for (const { name, run } of cases) {
    const before = performance.now();
    try {
      await run();
      passed++;
      console.log(`ok - ${title}: ${name} (${seconds(before)})`);
    } catch (error) {
      failed++;
      console.log(`not ok - ${title}: ${name} (${seconds(before)})`);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      console.log(indent(`${text}\n${await onFailure()}`));
    }
  }
  clearInterval(beat);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/**
 * Waits for something to be seen: asks `look` until it answers anything but undefined or false. After `within` ms it
 * fails and says what was waited for.
 */
export async function eventually<T>(what: string, look: () => T | Promise<T>, within = 120_000): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + within;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
    if (performance.now() > end) throw new Error(`not seen within ${within / 1000} s: ${what}`);
    await pause(20);
  }
}

/** Time that passes as part of the story (how long a button is held, how long nothing must happen), never to wait for something. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
