import { expect, it } from "vitest";
import { AddressRate, networkOf } from "../../../agent/embedded/address-rate.ts";

it("is full after so many in a minute, and makes room evenly", () => {
  let now = 1000;
  const rate = new AddressRate(6, () => now);
  for (let count = 0; count < 6; count++) {
    expect(rate.full("10.0.0.1")).toBe(false);
    rate.count("10.0.0.1");
  }
  expect([rate.full("10.0.0.1"), rate.full("10.0.0.2")]).toEqual([true, false]);
  now += 9_999;
  expect(rate.full("10.0.0.1")).toBe(true);
  now += 1;
  expect(rate.full("10.0.0.1")).toBe(false);
  rate.count("10.0.0.1");
  expect(rate.full("10.0.0.1")).toBe(true);
  now += 60_000;
  for (let count = 0; count < 6; count++) rate.count("10.0.0.1");
  expect(rate.full("10.0.0.1")).toBe(true);
});

it("forgets the address that was counted longest ago when there are a thousand", () => {
  const rate = new AddressRate(1, () => 0);
  rate.count("old");
  rate.count("again");
  for (let count = 0; count < 998; count++) rate.count(`${count}`);
  rate.count("again");
  rate.count("new");
  rate.count("newer");
  expect(["old", "0", "again", "1", "newer"].map((address) => rate.full(address))).toEqual([false, false, true, true, true]);
});

it("takes an IPv6 network for one address, except on the wire", () => {
  const same = ["2001:db8:0:1::1", "2001:db8:0:1:ffff::", "2001:0db8::1:0:0:0:9", "2001:DB8:0:1:2:3:4:5"];
  expect(new Set(same.map(networkOf))).toEqual(new Set(["2001:db8:0:1::/64"]));
  expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0::/64");
  expect(networkOf("::1")).toBe("0:0:0:0::/64");
  for (const address of ["192.168.1.5", "fe80::1", "fe80::1%eth0", "FE80::2"]) expect(networkOf(address)).toBe(address);
});
