import { linkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { connectAgent } from "../../../agent/command/client.ts";
import { tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, startAgent } from "./agent-process.ts";

let agent: AgentProcess;
afterEach(() => agent.clean());

it("whoever owns a log file can make nobody see what only the agent may read", async () => {
  const folder = tempFolder();
  const credentials = tempFolder();
  writeFileSync(join(credentials, "secrets_mqtt"), "hunter2\n");
  const names = ["configuration", "state", "credential"];
  const units = names.map((name) => `{ unit: ${name}.service, log_file: ${join(folder, name)} }`);
  agent = await startAgent(
    `gpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: 0 }] }\ninputs: { porch: { line: 17 } }\nservices: [${units.join(", ")}]`,
    { CREDENTIALS_DIRECTORY: credentials },
  );
  linkSync(agent.config, join(folder, "configuration"));
  linkSync(join(agent.folder, "state", "seq.json"), join(folder, "state"));
  linkSync(join(credentials, "secrets_mqtt"), join(folder, "credential"));
  const looker = await connectAgent(agent.view);
  for (const name of names) {
    const view = await looker.request("service-log", { unit: `${name}.service`, from: "file" });
    expect(view).toMatchObject({ lines: [], problem: `${join(folder, name)} is a file of pinbus itself, of which nothing is shown` });
  }
  looker.close();
});
