import { expect, test } from "vitest";
import { services } from "./service-scene.ts";

const shown = (scene: ReturnType<typeof services>) => scene.draw(80, 24).text();

test("Enter opens what may be done with the unit, and a key does it", () => {
  const scene = services();
  scene.keys("j", "enter");
  expect(shown(scene)).toContain("[s] Start     [p] Stop     [r] Restart     [Esc] Cancel");
  expect(scene.keys("r")).toContainEqual({ type: "control-service", unit: "mosquitto.service", verb: "restart" });
  expect(scene.state.overlay).toBeNull();
  scene.keys("j", "enter");
  expect(shown(scene)).toContain("[s] Start     [r] Restart     [Esc] Cancel");
  expect(scene.keys("p")).not.toContainEqual(expect.objectContaining({ type: "control-service" }));
  expect(shown(scene)).toContain("the configuration does not allow to stop zigbee2mqtt.service");
  scene.keys("escape");
  expect(scene.state.overlay).toBeNull();
});

test("the agent itself is restarted only with armed outputs", () => {
  const scene = services();
  scene.keys("enter");
  expect(shown(scene)).toContain("DISARMED: nothing will be done");
  expect(scene.keys("r")).not.toContainEqual(expect.objectContaining({ type: "control-service" }));
  scene.keys("escape", "2", "!", "5", "enter");
  expect(shown(scene)).toMatch(/Armed: \d+ s left/);
  expect(scene.keys("r")).toContainEqual({ type: "control-service", unit: "pinbus.service", verb: "restart" });
});

test("without the right to do something it says why, and Enter does nothing", () => {
  const scene = services();
  scene.keys("g", "j", "j", "j", "enter");
  expect(scene.state.overlay).toBeNull();
  expect(shown(scene)).toContain("sync.service, actions: none in the configuration (control: under services:)");
  const looking = services();
  looking.attach({ operate: false });
  looking.keys("j", "enter");
  expect(shown(looking)).toContain("mosquitto.service, actions: this control socket may only look");
  const lost = services();
  lost.keys("j", "enter");
  lost.act({ type: "agent-offline", problem: "gone" });
  expect(lost.state.overlay).toBeNull();
  lost.keys("enter");
  expect(shown(lost)).toContain("the agent is not reachable");
});

test("u shows the units of the system, of the user, or both", () => {
  const scene = services();
  expect(shown(scene)).toContain("Units 5 - failed 1");
  scene.keys("u");
  expect(shown(scene)).toContain("System units 4");
  expect(shown(scene)).not.toContain("sync.service");
  scene.keys("u");
  expect(shown(scene)).toContain("User units 1");
  expect(shown(scene)).toMatch(/killed by SIGKILL \(signal\) {2}next restart in \d+s/);
  scene.keys("u");
  expect(shown(scene)).toContain("Units 5");
});
