import type { Effect } from "./effect.ts";
import { maxPins } from "./kept.ts";
import type { State } from "./model.ts";
import { selectedTopic } from "./moves.ts";
import { say } from "./notice.ts";
import type { TopicNode } from "./topic.ts";

/** Pins the selected topic or branch, or unpins the pinned one that it belongs to. */
export function togglePin(state: State, now: number): readonly Effect[] {
  const selected = selectedTopic(state);
  if (selected === undefined) return say(state, "nothing is selected", now);
  const { path, pinned } = selected;
  const { pins } = state.kept;
  if (!pinned && pins.length >= maxPins) return say(state, `${maxPins} are pinned already: P unpins the selected one`, now);
  state.kept = { ...state.kept, pins: pinned ? pins.filter((each) => each !== path) : [...pins, path] };
  state.topics.store.pin(state.kept.pins);
  say(state, pinned ? `${path} is unpinned` : `${path} is pinned to the top`, now);
  return [{ type: "keep", change: pinned ? { unpin: path } : { pin: path } }];
}

/** How a row of the tree is written: a pinned one with its whole path, and what is below it from there on. */
export function placeOf(node: TopicNode): { name: string; depth: number } {
  if (node.pinned) return { name: `* ${node.path}`, depth: 0 };
  for (let above = node.parent; above !== null; above = above.parent)
    if (above.pinned) return { name: node.name, depth: node.depth - above.depth };
  return node;
}
