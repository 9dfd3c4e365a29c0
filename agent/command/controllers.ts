import { exit } from "../exit.ts";
import type { ControllerStatus } from "../protocol.ts";
import { withAgent } from "./client.ts";
import { type Command, columns, localTime, print, readArgs, socketOptions, socketPath } from "./command.ts";

/** `pinbus controllers`: what the controllers of a running agent hold, and what they do for it. */
export const controllers: Command = {
  usage: "[--json]",
  summary: "the controllers: what each holds, what it does for that, and why it does not",
  async run(args) {
    const { values } = readArgs(args, { ...socketOptions, json: { type: "boolean" } }, { min: 0, max: 0 });
    const answer = await withAgent(socketPath(values), (client) => client.request("controllers", {}));
    if (values.json) print(JSON.stringify(answer));
    else for (const line of toldOf(answer, new Date())) print(line);
    return exit.ok;
  },
};

/** A line for each controller: `dry  52.1 % for 58 %  37.5 %  on since 07:58:16  tent.humidity 52.1 % below 58 %`. */
export function toldOf(controllers: readonly ControllerStatus[], now: Date): string[] {
  if (controllers.length === 0) return ["no controller is configured"];
  return columns(
    controllers.map(({ id, sensor, value, unit, setpoint, output, output_unit, on, since, held, why }) => {
      const text = (number: number | null) => (number === null ? "?" : `${Number(number.toFixed(2))}${unit === null ? "" : ` ${unit}`}`);
      const switched = since === null ? "" : ` since ${localTime(since, now)}`;
      const doing = held === null ? `output ${Number(output.toFixed(2))} ${output_unit}` : `held: ${held}`;
      return [
        id,
        `${sensor} ${text(value)}, wanted ${text(setpoint)}`,
        `${on ? "on" : "off"}${switched}`,
        doing,
        held === null ? (why ?? "") : "",
      ];
    }),
  );
}
