import { type NodeCommand, type NodeRequest, readRequest } from "./core/node-command.ts";
import type { Asker, Operations } from "./operations.ts";
import { type Handlers, Refused } from "./shell/control.ts";

const person: Asker = { from: "cli", id: null };

/** What a person at this machine asks of the agent itself; `commands` is about the network only. */
export function createOperationHandlers(operations: Operations): Pick<Handlers, "reload" | "resync" | "identify" | "log-level" | "diag"> {
  return {
    reload: () => operations.reload(person),
    resync() {
      operations.resync();
      return {};
    },
    identify: async (params) => {
      const request = requestOf("identify", params);
      const verdict = await operations.identify(request, person);
      if (!verdict.ok) throw new Refused(verdict.reason === "stopping" ? "failed" : verdict.reason, verdict.message, verdict.allowed_at);
      return { output: request.output, for_ms: request.forMs };
    },
    "log-level": (params) => {
      const request = requestOf("log-level", params);
      const verdict = operations.setLogLevel(request, person);
      if (!verdict.ok) throw new Refused("not-allowed", verdict.message);
      return { level: request.level, until: verdict.until };
    },
    diag: () => operations.diagnose(),
  };
}

function requestOf<N extends NodeCommand>(name: N, params: object): Extract<NodeRequest, { name: N }> {
  const read = readRequest(name, { ...params });
  if (!read.ok) throw new Refused("malformed", read.message);
  return read.request as Extract<NodeRequest, { name: N }>;
}
