import { expect, test } from "vitest";
import { ago, fleetOf, Scene } from "../scene.ts";
import { golden } from "./golden.ts";

/** The fleet with one more node, which says that it is on this machine. */
function fleet(hostname: unknown = "garden", options: ConstructorParameters<typeof Scene>[0] = {}): Scene {
  const shown = fleetOf(new Scene({ user: "pi", ...options }).online().attach());
  const machine = { hostname, model: "Raspberry Pi 4 Model B", os: "Debian GNU/Linux 12" };
  shown.message("pinbus/zz/info", JSON.stringify({ version: "1", started: ago(0), driver: "sim", machine }), true);
  shown.keys("7", "G");
  return shown;
}

golden("Attach", () => {
  const shown = fleet();
  shown.keys("enter");
  return shown;
}, []);

const field = (shown: Scene) => /> (\S*)_/.exec(shown.draw().text())?.[1];

test("it goes to the host that the node says it is, as the person of here, and only looks", () => {
  const shown = fleet();
  expect(shown.draw(100, 24).text()).toContain("garden - Raspberry Pi 4");
  shown.keys("enter");
  expect(field(shown)).toBe("pi@garden");
  expect(shown.keys("enter")).toEqual([{ type: "attach", destination: "pi@garden", readOnly: true }]);
  expect(shown.state.overlay).toBeNull();
});

test("what was typed is remembered for that node, and the user for the others", () => {
  const shown = fleet();
  shown.keys("enter", "C-u", ..."root@10.0.0.7", "tab");
  expect(shown.draw().text()).toContain("[ ] look only: outputs can be armed there");
  expect(shown.keys("enter")).toEqual([{ type: "attach", destination: "root@10.0.0.7", readOnly: false }]);
  shown.keys("enter");
  expect(field(shown)).toBe("root@10.0.0.7");
  expect(shown.draw().text()).toContain("[x] look only");
  shown.keys("escape", "k", "enter");
  expect(field(shown)).toBe("root@");
});

test.each([
  "-oProxyCommand=touch /tmp/owned",
  "-oProxyCommand=x",
  "a b",
  "garden;reboot",
  "$(reboot)",
  "garden\u001b]0;owned\u0007",
  "garden\n",
  "",
  "x".repeat(5000),
  7,
  null,
])("a node that says it is on %j is not proposed", (hostname) => {
  const shown = fleet(hostname);
  shown.keys("enter");
  expect(field(shown)).toBe("pi@");
  expect(shown.keys("enter")).toEqual([]);
  expect(shown.draw().text()).toContain("ssh needs user@machine");
});

test("nor does what a person types, or pastes, become an option of ssh", () => {
  const shown = fleet();
  shown.keys("enter", "C-u", ..."-oProxyCommand=evil");
  expect(shown.keys("enter")).toEqual([]);
  shown.keys("C-u");
  shown.act({ type: "paste", text: "pi@garden\u0000\u001b[2J\nreboot" });
  expect(shown.keys("enter")).toEqual([]);
});

test("a terminal that was started to look only attaches to look only", () => {
  const shown = fleet("garden", { readOnly: true });
  shown.keys("enter", "tab");
  expect(shown.draw().text()).toContain("[x] look only");
  expect(shown.draw().text()).toContain("this terminal was started with --read-only");
  expect(shown.keys("enter")).toEqual([{ type: "attach", destination: "pi@garden", readOnly: true }]);
});
