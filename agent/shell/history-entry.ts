import type { Change, Step } from "../protocol.ts";

/** One line of the history on disk. */
export type HistoryEntry = Change & { output: string };

const states = ["ON", "OFF", "REFUSED", "FAILED", "LOCKED", "UNLOCKED"] as const;
/** Longer than any that the agent writes. */
const maxLine = 16 * 1024;

/** A line of the file; undefined when it was cut off, or is none of ours. */
export function readEntry(line: string): HistoryEntry | undefined {
  if (line.length > maxLine) return undefined;
  const value = parsed(line);
  if (value === undefined) return undefined;
  const state = states.find((word) => word === value.state);
  const texts = [value.output, value.at, value.cause, value.kind, value.source, value.text];
  const nullable = [value.detail, value.id, value.until];
  const { chain, allowed_at: allowed } = value;
  const whole =
    state !== undefined &&
    texts.every((text) => typeof text === "string") &&
    nullable.every((text) => text === null || typeof text === "string") &&
    Array.isArray(chain) &&
    chain.every(isStep) &&
    (allowed === undefined || typeof allowed === "string") &&
    !Number.isNaN(Date.parse(String(value.at)));
  return whole ? (value as unknown as HistoryEntry) : undefined;
}

function isStep(step: unknown): step is Step {
  if (typeof step !== "object" || step === null) return false;
  const { kind, text, duration_ms: took } = step as Record<string, unknown>;
  return typeof kind === "string" && typeof text === "string" && (took === undefined || typeof took === "number");
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
