import { afterEach, expect, test } from "vitest";
import { createFakeTerminal, type FakeTerminal } from "./screen.ts";
import { svgOf } from "./svg.ts";

let terminal: FakeTerminal;
afterEach(() => terminal.dispose());

async function picture(written: string, name = "a picture"): Promise<string> {
  terminal = createFakeTerminal(20, 2);
  terminal.stdout.write(written);
  await terminal.drawn();
  return svgOf(terminal.xterm, name);
}

/** Place, width, attributes and text of each run. */
const runs = (svg: string) =>
  [...svg.matchAll(/<text x="(.*?)" y="(\d+)" textLength="(.*?)"(.*?)>(.*?)<\/text>/g)].map(([, ...parts]) => parts.join("|"));

test("each run stands in its column, also behind a wide glyph and a letter of two code points", async () => {
  expect(runs(await picture("ab  日 e\u0301  x"))).toEqual(["0|13|16.8||ab", "33.6|13|33.6||日 e\u0301", "84|13|8.4||x"]);
});

test("colours, bold and inverse are those of the cells", async () => {
  const svg = await picture("\x1b[31mred\x1b[0m\x1b[1mbold\x1b[0m\x1b[7minv\x1b[0m\x1b[38;5;244mgrey\x1b[0m\x1b[38;2;1;2;3mrgb");
  expect(runs(svg)).toEqual([
    '0|13|25.2| fill="#e06c75"|red',
    '25.2|13|33.6| font-weight="bold"|bold',
    '58.8|13|25.2| fill="#1d1f21"|inv',
    '84|13|33.6| fill="#808080"|grey',
    '117.6|13|25.2| fill="#010203"|rgb',
  ]);
  expect(svg).toContain('<rect x="58.8" y="0" width="25.2" height="17" fill="#d7dae0"/>');
});

test("nothing that a topic says becomes a part of the markup", async () => {
  const svg = await picture("</text><&\"']]>", "a <name> & \u0000\ud800");
  expect(runs(svg).map((run) => run.split("|")[4])).toEqual(["&lt;/text&gt;&lt;&amp;\"']]&gt;"]);
  expect(svg).toContain("<title>a &lt;name&gt; &amp; \ufffd\ufffd</title>");
});
