import { expect } from "vitest";

/** Which publication of a client it is. */
export function keyOf({ payload }: { payload: string }): string {
  return payload.split("|", 1)[0] ?? "";
}

/** Of each publisher and topic, and nothing twice unless it says so. */
export function inOrder(messages: readonly { topic: string; payload: string; dup: boolean }[]): void {
  const last = new Map<string, string>();
  const seen = new Set<string>();
  for (const message of messages) {
    const key = keyOf(message);
    const [name, number] = key.split(".");
    if (seen.has(key)) {
      expect([key, message.dup]).toEqual([key, true]);
      continue;
    }
    seen.add(key);
    const before = last.get(`${name} ${message.topic}`) ?? "..";
    expect(Number(number), `${key} came behind ${before}`).toBeGreaterThan(Number(before.split(".")[1]));
    last.set(`${name} ${message.topic}`, key);
  }
}
