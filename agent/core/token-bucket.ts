import type { Instant } from "./model.ts";

/** How much may come at once, and how long it takes until one more may. */
export interface Allowance {
  burst: number;
  every: number;
}

/** What is left of an allowance. */
export interface TokenBucket {
  tokens: number;
  at: Instant;
}

export function newBucket({ burst }: Allowance): TokenBucket {
  return { tokens: burst, at: 0 };
}

/** Takes one; false when nothing is left. */
export function takeToken(bucket: TokenBucket, { burst, every }: Allowance, at: Instant): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, at - bucket.at) / every);
  bucket.at = at;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
