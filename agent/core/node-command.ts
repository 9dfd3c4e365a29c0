import { isUsableText, maxCommand, textRule, timeOf } from "./command.ts";

export type NodeCommand = "reload" | "resync";
export const nodeCommands: readonly NodeCommand[] = ["reload", "resync"];

export function isNodeCommand(name: string): name is NodeCommand {
  return (nodeCommands as readonly string[]).includes(name);
}

export type ParsedNodeCommand = { ok: true; ts: number | null; id: string | null } | { ok: false; message: string; id: string | null };

/** The payload of `P/cmd/<name>`: nothing, or `{"ts","id"}`. It is never quoted back. */
export function parseNodeCommand(payload: string): ParsedNodeCommand {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (text === "") return { ok: true, ts: null, id: null };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return malformed("neither empty nor valid JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) return malformed("neither empty nor a JSON object");
  const { ts, id = null, ...rest } = body as Record<string, unknown>;
  if (id !== null && !isUsableText(id)) return malformed(`"id" ${textRule}`);
  if (Object.keys(rest).length > 0) return malformed('only "ts" and "id" are known', id);
  const time = timeOf(ts);
  if (time === undefined) return malformed('"ts" must be ISO 8601 or milliseconds since 1970', id);
  return { ok: true, ts: time, id };
}

function malformed(message: string, id: string | null = null): ParsedNodeCommand {
  return { ok: false, message, id };
}
