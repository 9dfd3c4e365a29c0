/** A turn of the loop since the last question: asked from a timer, so it proves that timers and immediates run. */
export function eventLoopProgress(): () => number {
  let turns = 0;
  return () => {
    setImmediate(() => turns++);
    return turns;
  };
}
