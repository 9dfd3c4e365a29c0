import type { Clock } from "./clock.ts";

/** What tells how things are, and not too often. */
export interface Paced {
  /** At once, or as soon as it may be again: as things are by then. */
  tell(): void;
  /** What is still to be told is told now. */
  flush(): void;
  /** The same, and then no more. */
  stop(): void;
}

/** Tells at most once in `every` ms. `say` is false when nobody could be told, which does not count. */
export function paced(say: () => boolean, every: number, { now }: Pick<Clock, "now">): Paced {
  let next = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const tellNow = () => {
    timer = undefined;
    if (say()) next = now() + every;
  };
  const flush = () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    tellNow();
  };
  return {
    flush,
    tell() {
      if (timer !== undefined || stopped) return;
      const wait = next - now();
      if (wait > 0) timer = setTimeout(tellNow, wait);
      else tellNow();
    },
    stop() {
      stopped = true;
      flush();
    },
  };
}
