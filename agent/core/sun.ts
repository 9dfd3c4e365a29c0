// The equations of the NOAA solar calculator (gml.noaa.gov/grad/solcalc, after Meeus, Astronomical Algorithms): to a minute or two
// between the polar circles, which is less than what a hill or a roof makes.

const day = 86_400_000;
const minute = 60_000;
const degree = Math.PI / 180;
const sin = (angle: number) => Math.sin(angle * degree);
const cos = (angle: number) => Math.cos(angle * degree);
/** The centre of the sun, seen through the air, when its edge touches the horizon. */
const zenith = 90.833;

export interface Location {
  /** Degrees north. */
  latitude: number;
  /** Degrees east. */
  longitude: number;
}

/** Sunrise or sunset on a local date (days since 1970), as UTC ms since 1970; null on a day without one. */
export function sunTime(date: number, event: "sunrise" | "sunset", { latitude, longitude }: Location): number | null {
  let time = (date + 0.5 - longitude / 360) * day;
  // The sun moves on between noon and the event: a second look takes it as it is then.
  for (let look = 0; look < 2; look++) {
    const { declination, equation } = sunAt(time);
    const cosine = cos(zenith) / (cos(latitude) * cos(declination)) - Math.tan(latitude * degree) * Math.tan(declination * degree);
    if (cosine < -1 || cosine > 1) return null;
    const angle = Math.acos(cosine) / degree;
    const minutes = 720 - 4 * longitude - equation + (event === "sunrise" ? -4 : 4) * angle;
    time = date * day + minutes * minute;
  }
  return Math.round(time);
}

/** Declination in degrees, equation of time in minutes. */
function sunAt(time: number): { declination: number; equation: number } {
  // Julian centuries since 2000.
  const t = (time / day + 2_440_587.5 - 2_451_545) / 36_525;
  const mean = (280.46646 + t * (36_000.76983 + t * 0.0003032)) % 360;
  const anomaly = 357.52911 + t * (35_999.05029 - 0.0001537 * t);
  const eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t);
  const centre =
    sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t)) + sin(2 * anomaly) * (0.019993 - 0.000101 * t) + sin(3 * anomaly) * 0.000289;
  const node = 125.04 - 1934.136 * t;
  const longitude = mean + centre - 0.00569 - 0.00478 * sin(node);
  const obliquity = 23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60 + 0.00256 * cos(node);
  const y = Math.tan((obliquity / 2) * degree) ** 2;
  const equation =
    (4 / degree) *
    (y * sin(2 * mean) -
      2 * eccentricity * sin(anomaly) +
      4 * eccentricity * y * sin(anomaly) * cos(2 * mean) -
      0.5 * y * y * sin(4 * mean) -
      1.25 * eccentricity * eccentricity * sin(2 * anomaly));
  return { declination: Math.asin(sin(obliquity) * sin(longitude)) / degree, equation };
}
