import { describeFile, type Row, sections } from "./describe.ts";
import { heading, item, pageHead, roff } from "./roff.ts";

/** The manual page `pinbus.yaml(5)`, from the schema. */
export function configManual(): string {
  const parts = [...pageHead("pinbus.yaml", 5, "configuration of pinbus"), heading("Description"), ...describeText(describeFile())];
  for (const { title, doc, rows } of sections()) parts.push(heading(title), ...(doc ? [roff(doc)] : []), ...rows.flatMap(setting));
  parts.push(heading("Files"), ...item("`/etc/pinbus/pinbus.yaml`", "the configuration of the service"));
  parts.push(...item("`/etc/pinbus/credentials/`", "one file a secret, for root alone: `{credential: NAME}` reads the file NAME"));
  parts.push(heading("See also"), "\\fBpinbus\\fR(1)");
  return `${parts.join("\n")}\n`;
}

function setting({ name, fallback, values, doc, env }: Row): string[] {
  const facts = [`Values: ${values}.`, `Default: ${fallback}.`, ...(env ? [`Variable: ${env}.`] : [])];
  return item(`\`${name}\``, doc, facts.join(" "));
}

/** Paragraphs and list items, whose lines belong together. */
function describeText(markdown: string): string[] {
  const blocks = markdown.split(/\n\n|\n(?=- )/).map((block) => block.replace(/\n\s*/g, " "));
  return blocks.map((block) => (block.startsWith("- ") ? `.IP \\(bu 2\n${roff(block.slice(2))}` : `.PP\n${roff(block)}`));
}
