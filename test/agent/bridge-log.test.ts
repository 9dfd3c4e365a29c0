import { expect, it } from "vitest";
import { bridgeLog } from "../../agent/bridge-log.ts";
import { createLog } from "../../agent/shell/log.ts";

it("what the bridge says of its broker is not taken for the broker of the agent", () => {
  const entries: [string, string | undefined][] = [];
  const log = bridgeLog(
    createLog({ level: "info", secrets: [], journal: ({ message, fields }) => entries.push([message, fields.PINBUS_EVENT]) }),
  );
  log.info("online at central:1883", { event: "online" });
  log.warn("nothing listens at central:1883", { event: "offline" });
  log.warn("refused", { event: "credentials-refused" });
  log.info("plain");
  expect(entries).toEqual([
    ["bridge: online at central:1883", "bridge-online"],
    ["bridge: nothing listens at central:1883", "bridge-offline"],
    ["bridge: refused", "bridge-offline"],
    ["bridge: plain", undefined],
  ]);
});
