/** For a twin on a real broker: `after` as it wants it, and the end of everything that waits. */
export function realTimers(): { after(ms: number, run: () => void): void; stop(): void } {
  const timers = new Set<NodeJS.Timeout>();
  return {
    after(ms, run) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, ms);
      timers.add(timer);
    },
    stop() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
