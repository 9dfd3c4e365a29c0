/**
 * The pull that a line of the header has from power-on until somebody sets another one: BCM2835 ARM Peripherals, table 6-31; the BCM2711 kept
 * it. Undefined for a chip, by its label, whose table is not known here.
 */
export function powerOnPull(chip: string, gpio: number): "up" | "down" | undefined {
  if (chip !== "pinctrl-bcm2835" && chip !== "pinctrl-bcm2711") return undefined;
  return gpio > 27 ? undefined : gpio <= 8 ? "up" : "down";
}
