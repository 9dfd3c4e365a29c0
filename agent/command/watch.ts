import { exit } from "../exit.ts";
import type { PinsView } from "../protocol.ts";
import { connectAgent } from "./client.ts";
import { type Command, CommandError, localTime, print, readArgs, socketOptions, socketPath } from "./command.ts";
import { changesOf, type Item, itemsOf, itemText, wanted } from "./watch-items.ts";
import { LiveTable } from "./watch-table.ts";

/** `pinbus watch`: values as they change, until Ctrl-C; a table on a terminal, else a line a change. */
export const watch: Command = {
  usage: "[<input, output, counter, sensor or sensor.value> …] [--json]",
  summary: "watch values change until Ctrl-C: a table on a terminal, else a line a change",
  async run(args) {
    const { values, positionals } = readArgs(args, { ...socketOptions, json: { type: "boolean" } }, { min: 0, max: 1000 });
    const table = process.stdout.isTTY && !values.json ? new LiveTable(process.stdout) : undefined;
    const write = table ? undefined : lineWriter(values.json === true);
    const path = socketPath(values);
    let end: (why: string | null) => void = () => {};
    const ended = new Promise<string | null>((resolve) => {
      end = resolve;
    });
    const show = (view: PinsView) => {
      const items = itemsOf(view).filter((item) => positionals.length === 0 || positionals.some((asked) => wanted(item, asked)));
      if (table) table.show(items, view.at);
      else write?.(items, view.at);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => end(null));
    const client = await connectAgent(path, {
      push: (push) => {
        if (push.push === "pins") show(push.data);
      },
      closed: (why) => end(why),
    });
    try {
      const first = await client.request("pins", {});
      const all = itemsOf(first);
      const nothing = positionals.find((name) => !all.some((item) => wanted(item, name)));
      if (nothing !== undefined) {
        const there = all.map(({ id }) => id).join(", ") || "none";
        throw new CommandError(exit.refused, `there is no input, output or sensor ${JSON.stringify(nothing)}; there are ${there}`);
      }
      show(first);
      await client.request("watch", { views: ["pins"] });
      const why = await ended;
      if (why !== null) throw new CommandError(exit.unreachable, `the agent on ${path} ${why}`);
      return exit.ok;
    } finally {
      client.close();
      table?.close();
    }
  },
};

/** One line for each change: for a person, or as JSON. */
function lineWriter(json: boolean): (items: readonly Item[], at: string) => void {
  const told = new Map<string, Item>();
  return (items, at) => {
    for (const item of changesOf(items, told, at))
      print(
        json
          ? JSON.stringify({ at, ...item })
          : `${localTime(item.value === null ? at : item.ts, new Date())}  ${item.id}  ${itemText(item)}`,
      );
  };
}
