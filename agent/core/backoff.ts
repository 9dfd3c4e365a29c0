/** How long to wait before the next attempt. All times in milliseconds. */
export interface Backoff {
  /** Upper bound of the first wait; it doubles with each attempt … */
  readonly first: number;
  /** … up to this one. */
  readonly limit: number;
  /** Bounds of the wait after refused credentials or subscriptions: trying faster helps nobody and fills the broker's log. */
  readonly refused: { readonly from: number; readonly to: number };
}

export const defaultBackoff: Backoff = { first: 1_000, limit: 60_000, refused: { from: 30_000, to: 60_000 } };

/**
 * Full jitter: anything between nothing and the bound, so that the clients of a broker that restarts do not return in step.
 * `attempt` counts from 0, `random` is in [0, 1).
 */
export function backoffDelay(backoff: Backoff, attempt: number, random: number): number {
  // 2 ** 1024 is Infinity, which min() turns into the limit, so no attempt count is too large.
  return Math.floor(random * Math.min(backoff.limit, backoff.first * 2 ** attempt));
}

export function refusedDelay(backoff: Backoff, random: number): number {
  return Math.floor(backoff.refused.from + random * (backoff.refused.to - backoff.refused.from));
}
