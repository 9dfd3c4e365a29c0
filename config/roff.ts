/** Markdown of one paragraph as text of a manual page: code is bold, a link is its words. */
export function roff(markdown: string): string {
  const text = markdown
    .replace(/\[([^\]]+)\]\([^)]+\)/g, "$1")
    .replaceAll("**", "")
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/`([^`]*)`/g, "\\fB$1\\fR");
  // A line that begins with one of these would be a request.
  return text.replace(/^(?=[.'])/gm, "\\&");
}

/** The first lines of a manual page; `section` is its number. */
export function pageHead(name: string, section: number, summary: string): string[] {
  const kinds: Record<number, string> = { 1: "User Commands", 5: "File Formats" };
  // Names of settings and variables are not to be broken, nor spread over the line.
  const layout = [".nh", ".ad l"];
  return [
    `.TH ${name.toUpperCase()} ${section} "" "pinbus" "${kinds[section] ?? ""}"`,
    ...layout,
    ".SH NAME",
    `${name} \\- ${roff(summary)}`,
  ];
}

/** A heading of a section; its words in capitals, as manual pages have it. */
export function heading(title: string): string {
  return `.SH ${roff(title.toUpperCase())}`;
}

/** A term, and paragraphs about it. */
export function item(term: string, ...paragraphs: string[]): string[] {
  return [".TP", roff(term), ...paragraphs.flatMap((text, i) => (i === 0 ? [roff(text)] : [".br", roff(text)]))];
}
