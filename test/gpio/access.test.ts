import { expect, test } from "vitest";
import { type Identity, permissionCure, permissionError } from "../../gpio/access.ts";

const pi: Identity = { user: "pi", groups: [1000], groupFile: "root:x:0:\ngpio:x:991:anna\npi:x:1000:\n" };

test("a missing group is named with the command that adds it", () => {
  expect(permissionCure(991, 0o660, pi)).toMatch(/group gpio; run `sudo usermod -aG gpio pi`, then log out and in/);
});

test("a group that was added after the login is told apart", () => {
  expect(permissionCure(991, 0o660, { ...pi, user: "anna" })).toMatch(/anna is in the group gpio, but not yet in this session/);
});

test("a device of root only names the missing udev rule", () => {
  expect(permissionCure(0, 0o600, pi)).toMatch(/root only; the udev rule/);
  expect(permissionCure(991, 0o600, pi)).toMatch(/root only/);
});

test("with the group there, something else is said to forbid it", () => {
  expect(permissionCure(991, 0o660, { ...pi, groups: [1000, 991] })).toMatch(/the group gpio is there, so something else/);
});

test("a group without a name is named by its number, and a device that went away by its path", () => {
  expect(permissionCure(4_242, 0o660, pi)).toMatch(/usermod -aG 4242 pi/);
  expect(permissionError("/dev/gpiochip-none", new Error("EACCES"), pi).message).toMatch(/pi may not open \/dev\/gpiochip-none/);
});
