import { describe, expect, it } from "vitest";
import { serviceOf } from "../../config/services.ts";
import { writeConfig } from "../../config/write.ts";
import { configOf, load, saidAbout } from "./loading.ts";

const mosquitto = "{ unit: mosquitto.service, log_file: /var/log/mosquitto/mosquitto.log, control: [start, restart, start] }";

describe("services", () => {
  it("are names, or names with a log file and what may be done with them", () => {
    const { services } = configOf(`services: [ssh.service, ${mosquitto}, { unit: syncthing.service, manager: user }]`);
    expect(services.map(serviceOf)).toEqual([
      { unit: "ssh.service", manager: "system", log_file: null, control: [] },
      {
        unit: "mosquitto.service",
        manager: "system",
        log_file: "/var/log/mosquitto/mosquitto.log",
        control: ["start", "restart"],
      },
      { unit: "syncthing.service", manager: "user", log_file: null, control: [] },
    ]);
  });

  it("are written and read back to the same", () => {
    const config = configOf(`services: [ssh.service, ${mosquitto}, { unit: "@odd:x.service", manager: user, log_file: "/a, b: {c}" }]`);
    expect(configOf(writeConfig(config))).toEqual(config);
  });

  it.each([
    ["{ log_file: /var/log/x }", "it has no unit"],
    ["{ unit: ssh }", 'unit: "ssh" is not a systemd unit'],
    ["{ unit: a.service, log_file: mosquitto.log }", 'log_file: "mosquitto.log" is not an absolute path'],
    ["{ unit: a.service, control: restart }", "control: it is not a list"],
    ["{ unit: a.service, control: [reboot] }", 'control: "reboot" is not one of start, stop, restart'],
    ["{ unit: a.service, contol: [] }", 'the key "contol" is not known, did you mean control?'],
    ["{ unit: pinbus.service, control: [stop] }", "the agent that is stopped cannot start itself again"],
    ["a.service, { unit: a.service }", "a.service stands in services[0] already"],
  ])("%s is refused", (item, problem) => {
    expect(saidAbout(load(`services: [${item}]`)).join()).toContain(problem);
  });
});
