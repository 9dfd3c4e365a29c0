import { failed, measured, milliDegrees, quoted, type SensorDriver, type SensorWorld, temperature } from "./driver.ts";

/** A thermal zone of the kernel by its type, `cpu-thermal`. It is looked for at each read, because zones come and go with their drivers. */
export function openThermal({ sysfs, files }: SensorWorld, zone: string): SensorDriver {
  const folder = `${sysfs}/class/thermal`;
  return {
    bus: `thermal ${zone}`,
    quantities: [temperature],
    async read(signal) {
      const listed = await files.list(folder, signal);
      const numbered = listed.ok ? listed.names.filter((name) => /^thermal_zone\d+$/.test(name)) : [];
      const zones = await Promise.all(
        numbered.map(async (name) => {
          const type = await files.read(`${folder}/${name}/type`, signal);
          return { name, type: type.ok ? type.text.trim() : "" };
        }),
      );
      const [found, second] = zones.filter(({ type }) => type === zone);
      if (!found) {
        const types = [...new Set(zones.map(({ type }) => type).filter((type) => type !== ""))].sort().slice(0, 8);
        return failed(
          `there is no thermal zone ${zone}; ${types.length === 0 ? "this machine has none" : `there are ${types.join(", ")}`}`,
        );
      }
      if (second) return failed(`${found.name} and ${second.name} are both called ${zone}`);
      const text = await files.read(`${folder}/${found.name}/temp`, signal);
      if (!text.ok) return failed(`${found.name} cannot be read (${text.problem})`);
      const milli = milliDegrees(text.text);
      return milli === undefined
        ? failed(`the kernel says ${quoted(text.text)} instead of a temperature`)
        : measured(temperature, milli / 1000);
    },
  };
}
