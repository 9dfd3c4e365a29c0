import { setFlagsFromString } from "node:v8";

/**
 * V8 allows itself this much more than what was in use when it last collected all of the memory, in per cent (and no less than 10 MB), and begins with the next
 * collection when it has used `soft` or `hard` per cent of that. By itself it allows up to four times as much, and uses most of it first.
 */
const sooner = { growing: 50, soft: 8, hard: 12 };
/** What V8 has by itself. */
const usual = { growing: 0, soft: 0, hard: 0 };
/** The start has enough to do. */
const startMs = 10_000;

/**
 * Has V8 collect all of the memory when the agent has grown by some 1 MB instead of 10 to 20, some seconds from now on. The result ends it: V8 refuses a code
 * cache that was written with other flags (`agent/bundle.ts`).
 */
export function collectSooner(after = startMs): () => void {
  const timer = setTimeout(() => set(sooner), after).unref();
  return () => {
    clearTimeout(timer);
    set(usual);
  };
}

function set({ growing, soft, hard }: typeof sooner): void {
  setFlagsFromString(`--heap-growing-percent=${growing}`);
  setFlagsFromString(`--incremental-marking-soft-trigger=${soft}`);
  setFlagsFromString(`--incremental-marking-hard-trigger=${hard}`);
}
