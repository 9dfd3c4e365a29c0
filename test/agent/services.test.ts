import { expect, it } from "vitest";
import { readServices } from "../../agent/services.ts";
import { script } from "../systemd/scripts.ts";
import { tempFolder } from "./shell/fixture.ts";

it("units keep the order of the configuration, each asked of its own service manager, with what may be done with it", async () => {
  const systemctl = script(
    tempFolder(),
    "systemctl",
    'state=active; [ "$1" = --user ] && state=failed\nfirst=\nfor unit in "$@"; do case $unit in *.service) printf "$first""LoadState=loaded\\nActiveState=$state\\nSubState=$unit\\n"; first="\\n";; esac; done',
  );
  const views = await readServices(
    [
      "a.service",
      { unit: "b.service", manager: "user", log_file: "/var/log/b", control: [] },
      { unit: "c.service", manager: "system", log_file: null, control: ["restart"] },
    ],
    { systemctl },
  );
  expect(views).toMatchObject([
    { unit: "a.service", active: "active", sub: "a.service" },
    { unit: "b.service", active: "failed", sub: "b.service", user: true, log_file: "/var/log/b" },
    { unit: "c.service", active: "active", sub: "c.service", control: ["restart"] },
  ]);
  expect(views[0]).not.toHaveProperty("control");
  expect(await readServices([], { systemctl: "/nowhere" })).toEqual([]);
});
