import { board } from "./board.ts";
import { type Case, eventually } from "./cases.ts";
import { run } from "./commands.ts";
import { configure } from "./install.ts";
import type { Edge, Recorder, Touch } from "./recorder.ts";
import { afterReload, button, header, type Relay, relays, spare, yamlOf } from "./relays.ts";
import { journalCursor, journalSince, kill, mainPid, restarted } from "./unit.ts";
import { lineKey, pull } from "./wires.ts";

/** One edge that something names, or the absence of one where the wire is at that level already. */
type Named = readonly [level: 0 | 1, by: Edge["by"]];

const driven = (relay: Relay, on: boolean): Named => [on === relay.low ? 0 : 1, "driven"];
const released = (relay: Relay): Named => [relay.pull, "released"];

/** The agent ends and comes back: what it leaves, the kernel's release, `pinbus safe`, its release, the start. */
const ended = (relay: Relay): Named[] => [
  driven(relay, relay.exit),
  released(relay),
  driven(relay, relay.exit),
  released(relay),
  driven(relay, relay.start),
];
const killed = (relay: Relay): Named[] => [released(relay), driven(relay, relay.crash), released(relay), driven(relay, relay.start)];

export function outputCases(recorder: Recorder): Case[] {
  let current = relays;

  /** Every output where its rule puts it, half of them on, and every pull as drawn; from here on each edge must be named. */
  async function staged(): Promise<void> {
    pull([...current, ...spare]);
    recorder.mark();
    board.pull(button, "down");
    await eventually("every output where the rule puts it", () => {
      const edges = recorder.edges();
      return current.every(
        (relay) => (edges.get(lineKey(relay))?.at(-1)?.level ?? recorder.levels().get(lineKey(relay))) === driven(relay, relay.staged)[0],
      );
    });
    recorder.check();
    board.pull(button, "up");
    recorder.mark();
  }

  /** Until the agent has driven every output that it has now. */
  async function served(): Promise<void> {
    const pid = await mainPid();
    await eventually("every output driven by the agent", () => {
      const last = new Map<string, Touch>(recorder.touches().map((touch) => [touch.line, touch]));
      return current.every((relay) => last.get(lineKey(relay))?.did === "driven" && last.get(lineKey(relay))?.pid === pid);
    });
  }

  /** Compares what the wires did with what is named for each line, in order; a line that is not named must keep still. */
  function compare(named: ReadonlyMap<string, readonly Named[]>, before: ReadonlyMap<string, 0 | 1>): void {
    const seen = recorder.edges();
    recorder.check(seen);
    const wrong: string[] = [];
    let count = 0;
    for (const line of new Set([...named.keys(), ...seen.keys()])) {
      const edges = seen.get(line) ?? [];
      count += edges.length;
      let level = before.get(line) ?? 0;
      const expected = (named.get(line) ?? []).filter(([next]) => {
        const moves = next !== level;
        level = next;
        return moves;
      });
      const text = (list: readonly Named[]) => list.map(([to, by]) => `${by} ${to}`).join(", ") || "nothing";
      if (text(expected) !== text(edges.map(({ level: to, by }) => [to, by])))
        wrong.push(`${line}: ${text(edges.map(({ level: to, by }) => [to, by]))}; named: ${text(expected)}`);
    }
    console.log(`# ${named.size} lines, ${count} edges, ${wrong.length} lines with an edge that nobody named`);
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  }

  async function survives(end: () => Promise<unknown>, names: (relay: Relay) => Named[]): Promise<void> {
    await staged();
    const before = recorder.levels();
    const pid = await mainPid();
    await end();
    await restarted(pid);
    await served();
    compare(new Map(current.map((relay) => [lineKey(relay), names(relay)])), before);
  }

  return [
    {
      name: "60 outputs start: each line is requested with its start level, no other edge",
      run: async () => {
        await run("systemctl", "stop", "pinbus.service");
        pull([...relays, ...spare]);
        await configure(yamlOf(relays));
        recorder.mark();
        const before = recorder.levels();
        await run("systemctl", "start", "pinbus.service");
        await served();
        compare(new Map(relays.map((relay) => [lineKey(relay), [driven(relay, relay.start)]])), before);
      },
    },
    {
      name: "SIGKILL: the kernel's release, on_crash by `safe`, its release, on_start; no other edge",
      run: () => survives(() => kill("SIGKILL"), killed),
    },
    {
      name: "SIGTERM: on_exit, release, on_exit by `safe`, release, on_start; no other edge",
      run: () => survives(() => kill("SIGTERM"), ended),
    },
    {
      name: "systemctl restart: the same as SIGTERM; no other edge",
      run: () => survives(() => run("systemctl", "restart", "pinbus.service"), ended),
    },
    {
      name: "a reload with 30 changed and 30 unchanged outputs: the changed ones as `diff` says, the others are not touched at all",
      run: async () => {
        await staged();
        const before = recorder.levels();
        const { next, touched } = afterReload();
        await configure(yamlOf(next));
        const cursor = await journalCursor();
        await run("systemctl", "reload", "pinbus.service");
        await eventually("the reload in the journal", async () => (await journalSince(cursor)).some((line) => /^reloaded \(/.test(line)));
        current = next;
        const touches = recorder.touches();
        const named = new Map<string, Named[]>();
        for (const [line, [old, fresh]] of touched) {
          const leaves = old === undefined ? [] : fresh?.id === old.id ? [released(old)] : [driven(old, old.exit), released(old)];
          named.set(line, [...leaves, ...(fresh === undefined ? [] : [driven(fresh, fresh.start)])]);
        }
        const stray = touches.filter(({ line }) => !touched.has(line) && line !== header(button));
        console.log(`# ${relays.length - 30} unchanged outputs: ${stray.length} calls of the kernel's driver for their lines`);
        if (stray.length > 0) throw new Error(`touched: ${JSON.stringify(stray)}`);
        compare(named, before);
      },
    },
    {
      name: "a chip that is unbound and comes back: nothing while it goes, then on_start for each output, no other edge",
      run: async () => {
        await staged();
        await run("board", "none");
        if (recorder.touches().length > 0) throw new Error(`touched: ${JSON.stringify(recorder.touches())}`);
        recorder.mark();
        await run("board", "pi5");
        await served();
        // New lines are low; the agent asks for the pull-up of its button again.
        const named = new Map<string, Named[]>(current.map((relay) => [lineKey(relay), [driven(relay, relay.start)]]));
        compare(named.set(header(button), [[1, "pulled"]]), new Map());
      },
    },
  ];
}
