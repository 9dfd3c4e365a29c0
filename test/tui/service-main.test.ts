import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { LogLine } from "../../agent/protocol.ts";
import { FakeAgent } from "./client/fake-agent.ts";
import { pinsView, service, status } from "./scene.ts";
import { useTui } from "./test-tui.ts";

let folder: string;
let agent: FakeAgent;
const tui = useTui(80, 24);
const { cleanups, shows } = tui;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pinbus-services-"));
  agent = new FakeAgent();
  cleanups.push(
    () => rmSync(folder, { recursive: true }),
    () => agent.stop(),
  );
});

test("the journal of a unit comes line by line, and a restart travels to the agent with the name of who asks", async () => {
  const lines: LogLine[] = [{ number: 1, priority: 6, text: "the first line" }];
  let refused = false;
  agent.serve = {
    status: () => status(),
    watch: ({ params }) => {
      setImmediate(() => agent.push({ push: "pins", data: pinsView([]) }));
      const units = [service("mosquitto.service", { control: ["restart"] })];
      if (params.views.includes("services")) setImmediate(() => agent.push({ push: "services", data: units }));
      return {};
    },
    "service-log": ({ params: { unit, from, after = 0 } }) => ({
      unit,
      from,
      run: 1,
      last: lines.length,
      lines: lines.filter(({ number }) => number > after),
      problem: null,
    }),
    "control-service": ({ params: { unit, verb } }) =>
      refused ? { reason: "not-allowed", message: "no polkit rule lets the agent restart mosquitto.service" } : { unit, verb, done: true },
  };
  const socket = join(folder, "control.sock");
  await agent.listen(socket);
  tui.start({ socket });
  await shows("5 Services");
  tui.screen.type("5");
  await shows("the first line");
  lines.push({ number: 2, priority: 3, text: "the second line" });
  await shows(/err {3}the second line/);
  tui.screen.type("\r");
  await shows("[r] Restart");
  tui.screen.type("r");
  await shows("mosquitto.service: restart is done");
  const asked = agent.requests.find(({ method }) => method === "control-service");
  expect(asked?.params).toEqual({ unit: "mosquitto.service", verb: "restart", by: expect.stringMatching(/.@./) });
  refused = true;
  tui.screen.type("\r");
  await shows("[r] Restart");
  tui.screen.type("r");
  await shows("no polkit rule lets the agent restart mosquitto.service");
});
