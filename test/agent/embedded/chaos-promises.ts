import { expect, vi } from "vitest";
import { patience } from "../shell/fixture.ts";
import { type ChaosRules, letsIn, may } from "./chaos-rules.ts";
import type { Moments, Said, Visit } from "./chaos-visit.ts";
import type { Message } from "./wire.ts";

/** Who is let in, and who has to go. */
export function checkPresence(visit: Visit, rules: ChaosRules): void {
  const { link, user, word, end, unsure, silent } = visit;
  const who = `${link.name} of ${user}`;
  if (link.letIn) expect(visit.wasWelcome, `${who} was let in`).toBe(true);
  if (link.connack && !link.letIn) expect([who, visit.isWelcome, link.connack.code]).toEqual([who, false, 5]);
  if (link.letIn && visit.session !== undefined) expect([who, link.connack?.session]).toEqual([who, visit.session]);
  if (link.open && link.letIn) expect(letsIn(rules, user, word), `${who} is still there`).toBe(true);
  if (end === undefined && !unsure && !silent && visit.isWelcome) expect(link.isClosed, `${who} is gone`).toBe(false);
}

export async function checkArrival(key: string, name: string, messages: () => readonly Message[]): Promise<void> {
  const isThere = () => messages().some(({ payload }) => payload === key);
  await vi.waitFor(() => expect(isThere(), `${key} came to ${name}`).toBe(true), patience);
}

/** This message may be there. */
export function checkMessage(visit: Visit, message: Message, { key, topic, by, at, taken, heard }: Said, moments: Moments): void {
  const { link, user, since } = visit;
  const came = visit.cameAt(message);
  const written = moments.some(at, Math.min(taken ?? came, came), (rules) => may(rules, by, "write", topic));
  expect(written, `${key} may be published`).toBe(true);
  const isRead = moments.some(Math.max(at, since), came, (rules) => may(rules, user, "read", topic));
  expect(isRead, `${key} may be read by ${link.name} of ${user}`).toBe(true);
  if (!visit.keeps || message.retain || message.qos === 0 || heard === undefined) return;
  const isKept = moments.some(at, heard, (rules, owners) => owners.some((owner) => may(rules, owner, "read", topic)));
  expect(isKept, `${key} may wait for ${link.name}`).toBe(true);
}

/** One of each that was let in and is gone without goodbye, if its user may. */
export async function checkWill(visit: Visit, messages: readonly Message[], moments: Moments): Promise<void> {
  const { link, user, end, endedAt, unsure, silent } = visit;
  const topic = `mw/${link.name}`;
  const count = () => messages.filter((message) => message.topic === topic).length;
  const isAllowed = (rules: ChaosRules) => may(rules, user, "write", topic);
  const isGone = end !== undefined || (silent && link.isClosed);
  const least = isGone && end !== "bye" && link.letIn && !unsure && moments.every(endedAt, moments.now, isAllowed) ? 1 : 0;
  const most = (unsure || (isGone && end !== "bye")) && moments.some(endedAt, moments.now, isAllowed) ? 1 : 0;
  await vi.waitFor(() => expect(count(), `the will of ${link.name}`).toBeGreaterThanOrEqual(least), patience);
  expect(count(), `the will of ${link.name}`).toBeLessThanOrEqual(most);
}
