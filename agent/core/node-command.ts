import type { Config } from "../../config/schema.ts";
import { isUsableText, maxCommand, textRule, timeOf } from "./command.ts";

export type NodeCommand = Config["commands"][number];
type Level = Config["log"]["level"];
export type NodeRequest =
  | { name: "reload" | "resync" | "diag" }
  | { name: "identify"; output: string; forMs: number }
  | { name: "log-level"; level: Level; forMs: number };

export const nodeCommands: readonly NodeCommand[] = ["reload", "resync", "identify", "log-level", "diag"];
const logLevels: readonly Level[] = ["error", "warn", "info", "debug"];

/** How long an output blinks when nothing is said, and at most. */
const identifyMs = { usual: 5000, least: 1000, most: 60_000 };
/** How long another log level holds when nothing is said, and at most. */
const logLevelMs = { usual: 600_000, least: 1000, most: 86_400_000 };

export function isNodeCommand(name: string): name is NodeCommand {
  return (nodeCommands as readonly string[]).includes(name);
}

export type ParsedNodeCommand =
  | { ok: true; ts: number | null; id: string | null; rest: Readonly<Record<string, unknown>> }
  | { ok: false; message: string; id: string | null };

/** The payload of `P/cmd/<name>`: nothing, or `{"ts","id",…}`. It is never quoted back. */
export function parseNodeCommand(payload: string): ParsedNodeCommand {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (text === "") return { ok: true, ts: null, id: null, rest: {} };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return malformed("neither empty nor valid JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) return malformed("neither empty nor a JSON object");
  const { ts, id = null, ...rest } = body as Record<string, unknown>;
  if (id !== null && !isUsableText(id)) return malformed(`"id" ${textRule}`);
  const time = timeOf(ts);
  if (time === undefined) return malformed('"ts" must be ISO 8601 or milliseconds since 1970', id);
  return { ok: true, ts: time, id, rest };
}

export type ReadRequest = { ok: true; request: NodeRequest } | { ok: false; message: string };

/** What a command says besides its time and id; also of one from the control socket. */
export function readRequest(name: NodeCommand, { for_ms, ...rest }: Readonly<Record<string, unknown>>): ReadRequest {
  switch (name) {
    case "identify": {
      const { output, ...others } = rest;
      if (!isUsableText(output)) return wrong('"output" must be the id of an output');
      const forMs = lengthOf(for_ms, identifyMs);
      return forMs === undefined ? wrongLength(identifyMs) : only(others, '"output" and "for_ms"', { name, output, forMs });
    }
    case "log-level": {
      const { level, ...others } = rest;
      if (!isLevel(level)) return wrong(`"level" must be one of ${logLevels.join(", ")}`);
      const forMs = lengthOf(for_ms, logLevelMs);
      return forMs === undefined ? wrongLength(logLevelMs) : only(others, '"level" and "for_ms"', { name, level, forMs });
    }
    case "reload":
    case "resync":
    case "diag":
      return for_ms === undefined ? only(rest, "", { name }) : only({ for_ms }, "", { name });
  }
}

function only(others: object, known: string, request: NodeRequest): ReadRequest {
  if (Object.keys(others).length === 0) return { ok: true, request };
  return wrong(known === "" ? 'only "ts" and "id" are known' : `besides "ts" and "id" only ${known} are known`);
}

function isLevel(value: unknown): value is Level {
  return (logLevels as readonly unknown[]).includes(value);
}

function lengthOf(value: unknown, { usual, least, most }: typeof identifyMs): number | undefined {
  if (value === undefined || value === null) return usual;
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : undefined;
}

function wrongLength({ least, most }: typeof identifyMs): ReadRequest {
  return wrong(`"for_ms" must be a whole number from ${least} to ${most}`);
}

function wrong(message: string): ReadRequest {
  return { ok: false, message };
}

function malformed(message: string, id: string | null = null): ParsedNodeCommand {
  return { ok: false, message, id };
}
