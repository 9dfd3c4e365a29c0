/** What is written of a value: what is undefined is left out. */
export type Flow = string | number | boolean | undefined | readonly Flow[] | { readonly [key: string]: Flow };

/** A value in one line of YAML that reads back to the same, whatever is in its texts. */
export function flow(value: Flow): string {
  if (typeof value === "string") return scalar(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  const parts = Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [`${scalar(key)}: ${flow(item)}`]));
  return `{ ${parts.join(", ")} }`;
}

/** JSON is YAML; characters that a terminal obeys are escaped as well. */
export function scalar(text: string): string {
  if (/^[\w/][\w./-]*$/.test(text) && Number.isNaN(Number(text)) && !/^(true|false|null)$/i.test(text)) return text;
  return JSON.stringify(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
