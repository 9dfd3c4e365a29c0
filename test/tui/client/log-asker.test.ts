import { expect, it } from "vitest";
import type { LogView, Methods } from "../../../agent/protocol.ts";
import { AgentError } from "../../../tui/client/agent.ts";
import { LogAsker } from "../../../tui/client/log-asker.ts";

type Question = Methods["service-log"]["params"];

function world(answer: (question: Question) => Promise<LogView>) {
  const seen = { asked: [] as Question[], answered: [] as LogView[], refused: [] as string[] };
  const asker = new LogAsker({
    agent: {
      request: ((_method: string, question: Question) => {
        seen.asked.push(question);
        return answer(question);
      }) as never,
    },
    answered: (view) => seen.answered.push(view),
    refused: (from, unit, problem) => seen.refused.push(`${from} ${unit}: ${problem}`),
  });
  return { seen, asker };
}

it("of the questions about one kind of log that wait, only the newest is asked", async () => {
  const { seen, asker } = world(async ({ unit, from }) => ({ unit, from, run: 1, last: 0, lines: [], problem: null }));
  for (const unit of ["a.service", "b.service", "c.service"]) asker.ask({ unit, from: "journal" }, 20);
  asker.ask({ unit: "c.service", from: "file" }, 20);
  await expect.poll(() => seen.answered).toHaveLength(2);
  expect(seen.asked.map(({ unit, from }) => `${unit} ${from}`).sort()).toEqual(["c.service file", "c.service journal"]);
  asker.close();
});

it("a refusal is told, a lost link is not", async () => {
  const { seen, asker } = world(({ unit }) =>
    Promise.reject(new AgentError(unit === "a.service" ? "unreachable" : "busy", "try again in some seconds")),
  );
  asker.ask({ unit: "a.service", from: "journal" }, 0);
  asker.ask({ unit: "b.service", from: "file" }, 0);
  await expect.poll(() => seen.refused).toEqual(["file b.service: try again in some seconds"]);
  expect(seen.asked).toHaveLength(2);
});
