import { maxPins } from "./kept.ts";
import type { Effect, State } from "./model.ts";
import { topicIndex } from "./moves.ts";
import type { TopicNode } from "./topic.ts";

/** Pins the selected topic or branch, or unpins the pinned one that it belongs to. */
export function togglePin(state: State, now: number): readonly Effect[] {
  const selected = state.topics.store.rows()[topicIndex(state)];
  const say = (text: string) => {
    state.notice = { text, style: "text", at: now };
  };
  if (selected === undefined) {
    say("nothing is selected");
    return [];
  }
  const { path, pinned } = selected;
  const { pins } = state.kept;
  if (!pinned && pins.length >= maxPins) {
    say(`${maxPins} are pinned already: P unpins the selected one`);
    return [];
  }
  state.kept = { ...state.kept, pins: pinned ? pins.filter((each) => each !== path) : [...pins, path] };
  state.topics.store.pin(state.kept.pins);
  say(pinned ? `${path} is unpinned` : `${path} is pinned to the top`);
  return [{ type: "keep", change: pinned ? { unpin: path } : { pin: path } }];
}

/** How a row of the tree is written: a pinned one with its whole path, and what is below it from there on. */
export function placeOf(node: TopicNode): { name: string; depth: number } {
  if (node.pinned) return { name: `* ${node.path}`, depth: 0 };
  for (let above = node.parent; above !== null; above = above.parent)
    if (above.pinned) return { name: node.name, depth: node.depth - above.depth };
  return node;
}
