import type { ActionConfig } from "../../config/schema.ts";

/** A time on, or a time off. Two of one kind never follow each other. */
export interface PatternStep {
  active: boolean;
  ms: number;
}

/** The steps of one round of a pattern. */
export function stepsOf({ flash, beep, tone, pattern }: ActionConfig): PatternStep[] {
  if (flash) return flashSteps(flash.total, flash.on, flash.off);
  const plain = beep
    ? Array.from({ length: 2 * beep.times }, (_, index) => ({ active: index % 2 === 0, ms: index % 2 === 0 ? beep.on : beep.off }))
    : tone
      ? tone.map(({ note, ms }) => ({ active: note !== null, ms }))
      : pattern.map((ms, index) => ({ active: index % 2 === 0, ms }));
  return merged(plain);
}

/** The last step is as long as `total` lets it be. */
function flashSteps(total: number, on: number, off: number): PatternStep[] {
  const steps: PatternStep[] = [];
  for (let at = 0; at < total; ) {
    const active = steps.length % 2 === 0;
    const ms = Math.min(active ? on : off, total - at);
    steps.push({ active, ms });
    at += ms;
  }
  return steps;
}

/** A line cannot tell two notes apart: without a rest between them they are one. */
function merged(steps: readonly PatternStep[]): PatternStep[] {
  const result: PatternStep[] = [];
  for (const step of steps) {
    const last = result.at(-1);
    if (last?.active === step.active) last.ms += step.ms;
    else result.push({ ...step });
  }
  return result;
}
