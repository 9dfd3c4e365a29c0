import type { ControllerStatus, SensorEntry } from "../../agent/protocol.ts";
import type { Rect } from "../layout.ts";
import type { State } from "../model.ts";
import { pinPanes } from "../pin.ts";
import { valueWord } from "../sensor.ts";
import type { Canvas, Line, Style } from "./canvas.ts";
import { sensorAge, sparkOf, trendOf } from "./sensor.ts";
import { left, putLines, putSentence, right, sentence, styled, title } from "./text.ts";

/** Every controller: the value that it holds and how old that is, what is wanted, what it does for it, and why; or why it does not. */
export function drawControllers(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { data, pane, more } = state.pins;
  const controllers = data?.data.controllers ?? [];
  const held = controllers.filter((each) => each.held !== null).length;
  const heading = `Controllers ${controllers.length}${held > 0 ? ` - ${held} held` : ""}`;
  const inner = title(canvas, rect, heading, pane === pinPanes.controllers);
  if (data === null) return;
  if (controllers.length === 0) {
    const older = data.data.controllers === undefined;
    putSentence(canvas, inner, older ? "an agent older than this terminal does not tell of them" : "no controller is configured", "dim");
    return;
  }
  const width = Math.min(20, Math.max(...controllers.map(({ id }) => id.length)));
  const lines = controllers.flatMap((each) => linesOf(state, each, width, inner.cols, now));
  more.controllers.top = putLines(canvas, inner, lines, more.controllers.top);
}

function linesOf(state: State, controller: ControllerStatus, width: number, cols: number, now: number): Line[] {
  const { id, enabled, unit, setpoint, output, output_unit, on, held, why } = controller;
  const sensor = sensorOf(state, controller);
  const bad = sensor !== undefined && sensor.quality !== "ok";
  const style: Style = !state.agent.up ? "warn" : bad ? "bad" : !enabled ? "dim" : held !== null ? "warn" : "text";
  const word = (value: number | null) => (value === null ? "?" : valueWord({ value, unit }, 10));
  const value = controller.value === null && bad ? sensor.quality : word(controller.value);
  const age = sensor === undefined ? "--" : sensorAge(state, sensor, now);
  const amount = valueWord({ value: Number(output.toFixed(2)), unit: output_unit }, 8);
  const name = `${bad ? "!" : " "} ${left(id, width)}  ${left(value, 10)}`;
  const row =
    cols < 60
      ? `${name} for ${left(word(setpoint), 10)} ${amount}`
      : `${name} ${left(age, 7)} for ${left(word(setpoint), 10)}  ${left(held !== null ? "HELD" : on ? "on" : "off", 4)} ${right(amount, 8)}`;
  const room = Math.min(60, cols - row.length - 3);
  const quantity = controller.sensor.split(".")[1] ?? sensor?.values[0]?.name;
  const trend = room < 8 || sensor === undefined || quantity === undefined ? undefined : trendOf(state, sensor.id, quantity);
  const text = held !== null ? `held: ${held}` : (why ?? "it has not switched yet");
  return [
    [trend === undefined ? row : `${row}  ${sparkOf(trend, room)}`, style],
    ...styled(
      sentence(text, cols - 3).map((line) => `   ${line}`),
      held !== null ? style : "dim",
    ),
  ];
}

/** What it names by `tent.humidity`. */
function sensorOf({ pins: { data } }: State, { sensor }: ControllerStatus): SensorEntry | undefined {
  const [id] = sensor.split(".");
  return data?.data.sensors?.find((entry) => entry.id === id);
}
