import { size } from "./format.ts";
import type { Publication } from "./model.ts";

export const payloadFormats = ["text", "json", "hex"] as const;
export type PayloadFormat = (typeof payloadFormats)[number];

/** Bytes, of any text in MQTT. */
export const longestText = 65_535;

/** Why this topic cannot be published to; null when it can. */
export function publishProblem(topic: string): string | null {
  if (topic === "") return "a topic is needed";
  if (Buffer.byteLength(topic) > longestText) return `a topic has at most ${longestText} bytes`;
  if (/[+#]/.test(topic)) return "+ and # are for filters, not for a topic";
  if (topic.startsWith("$")) return "topics that begin with $ belong to the broker";
  return null;
}

/** What is sent; undefined when the text is not what its format says. */
export function payloadBytes({ payload, format }: Pick<Publication, "payload" | "format">): Buffer | undefined {
  if (format === "json" && !isJson(payload)) return undefined;
  if (format !== "hex") return Buffer.from(payload);
  const digits = payload.replace(/\s+/g, "");
  return digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits) ? Buffer.from(digits, "hex") : undefined;
}

/** What the payload is, while one types. */
export function payloadFact(publication: Pick<Publication, "payload" | "format" | "retain">): { text: string; ok: boolean } {
  const { payload, format = "text", retain } = publication;
  const bytes = payloadBytes(publication);
  if (bytes === undefined) return { text: format === "json" ? "not valid JSON" : "not hex: two digits a byte", ok: false };
  if (bytes.length === 0) return { text: retain ? "empty: clears what the broker keeps" : "empty", ok: true };
  if (format === "hex") return { text: size(bytes.length), ok: true };
  const kind = isJson(payload) && (format === "json" || /^\s*[[{"]/.test(payload)) ? "valid JSON" : "text";
  const broken = kind === "text" && /^\s*[[{]/.test(payload);
  return { text: `${broken ? "text (not valid JSON)" : kind}, ${size(bytes.length)}`, ok: true };
}

/** What a person should know before it goes out; null when nothing. */
export function publishWarning({ topic, retain, payload }: Pick<Publication, "topic" | "retain" | "payload">): string | null {
  const command = /\/set$|\/cmd\/[^/]+$/.test(topic);
  if (!retain || !command || payload === "") return null;
  return "a retained command comes again at each start: pinbus refuses it";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
