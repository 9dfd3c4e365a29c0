/**
 * The interval by which the client library keeps the connection alive. It sets it anew with each acknowledgement; here that only notes the
 * time, and the timer looks at it when it is due. `longest`, in ms: a broker may ask for more packets than are configured, not for fewer, with which
 * a connection that is gone would not be noticed.
 */
export function keepAliveTimer(longest = Number.POSITIVE_INFINITY) {
  let run: (() => void) | undefined;
  let every = 0;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  // Without a hold on the process: the connection has one.
  const wait = (time: number) => {
    timer = setTimeout(look, time).unref();
  };
  const look = () => {
    timer = undefined;
    if (run === undefined) return;
    const left = since + every - performance.now();
    // A timer may be early by a fraction of a millisecond.
    if (left >= 1) return wait(left);
    since = performance.now();
    wait(every);
    run();
  };
  return {
    set(callback: () => void, asked: number): number {
      const time = Math.min(asked, longest);
      run = callback;
      since = performance.now();
      if (timer === undefined || time < every) {
        clearTimeout(timer);
        wait(time);
      }
      every = time;
      return 1;
    },
    clear(): void {
      run = undefined;
    },
  };
}
