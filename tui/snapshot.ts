/** What the agent said, and when it came here: ages go on by our clock, so the two clocks need not agree. */
export interface Snapshot<T> {
  data: T;
  received: number;
  /** The agent's clock at the snapshot. */
  at: number;
}

/** What a tab shows of it. */
export interface Shown<T> {
  data: Snapshot<T> | null;
  /** Came while the view was frozen. */
  newer: Snapshot<T> | null;
}

/** The agent's clock now, by our clock; ours before the agent has told the time. */
export function agentNow<T>(snapshot: Snapshot<T> | null, now: number): number {
  return snapshot === null ? now : snapshot.at + (now - snapshot.received);
}

/** The last that came, whether it is shown or not. */
export function newest<T>({ data, newer }: Shown<T>): Snapshot<T> | null {
  return newer ?? data;
}

/** A snapshot came: a frozen view shows it later. */
export function take<T>(tab: Shown<T>, snapshot: Snapshot<T>, frozen: boolean): void {
  if (frozen) tab.newer = snapshot;
  else tab.data = snapshot;
}

/** The view goes on, with the newest. */
export function release<T>(tab: Shown<T>): void {
  tab.data = newest(tab);
  tab.newer = null;
}
