import { layout } from "../layout.ts";
import type { State, TabId } from "../model.ts";
import { drawBroker } from "./broker.ts";
import type { Canvas } from "./canvas.ts";
import { drawDialog } from "./dialog.ts";
import { drawFleet } from "./fleet.ts";
import { drawHeader, drawHints, drawMessage } from "./header.ts";
import { drawHost } from "./host.ts";
import { drawPins } from "./pins.ts";
import { drawServices } from "./services.ts";
import { drawTopics } from "./topics.ts";
import { drawTrace } from "./trace.ts";

/** One view a tab; a new tab is one line here and one in `tabs`. */
const views: Record<TabId, (state: State, canvas: Canvas, now: number) => void> = {
  topics: drawTopics,
  pins: drawPins,
  broker: drawBroker,
  host: drawHost,
  services: drawServices,
  trace: drawTrace,
  fleet: drawFleet,
};

/** The whole screen. */
export function drawFrame(state: State, canvas: Canvas, now: number): void {
  if (layout(canvas.cols, canvas.rows).tooSmall) {
    const size = `${canvas.cols}x${canvas.rows}`;
    const texts = [`terminal too small: ${size}, 40x12 is needed`, `${size} is too small, 40x12 is needed`, "40x12 is needed"];
    canvas.put(0, texts.find((text) => text.length <= canvas.cols) ?? "too small", "warn", 0, canvas.cols);
    return;
  }
  drawHeader(state, canvas, now);
  views[state.tab](state, canvas, now);
  drawMessage(state, canvas, now);
  drawHints(state, canvas);
  if (state.overlay !== null) drawDialog(state, canvas, now);
}
