// A grow tent of 1.2 m × 1.2 m × 2 m in a room, as simple as it can be and still be hard to control: one well mixed volume of air, a mister
// that evaporates, a fan that exchanges air with the room, a lamp that warms it and makes the plants transpire. All figures are rounded
// values of what such devices are sold with; nothing is fitted to the controllers.

const volume = 2.9; // m³
/** Heat capacity of the air, leaves, pots and walls that follow it within minutes. */
const heatCapacity = 25_000; // J/K
const wallLoss = 12; // W/K
const lampPower = 200; // W that end as heat in the air
/** The exhaust fan at its lowest, all day: 22 m³/h. */
const ventilation = 0.006; // m³/s
/** What it moves more at its highest. */
const fanFlow = 0.012; // m³/s
/** An ultrasonic mister of 216 ml/h. */
const mist = 0.06; // g/s of water
/** The mist hangs as droplets before it has evaporated. */
const evaporation = 12; // s
/** Water that soil and leaves give off. */
const transpiration = { dark: 0.004, light: 0.018 }; // g/s
const latentHeat = 2450; // J/g
/** Of the sensor and its housing. */
const sensorLag = 8; // s

export interface TentInputs {
  /** The part of all that it gives. */
  mister: boolean | number;
  fan: boolean | number;
  light: boolean;
}

/** g/m³ of water in saturated air; Magnus formula and the ideal gas law. */
function saturated(celsius: number): number {
  const hPa = 6.112 * Math.exp((17.62 * celsius) / (243.12 + celsius));
  return (216.7 * hPa) / (273.15 + celsius);
}

/** The tent, which moves on in steps of a second. */
export class Tent {
  temperature = 22;
  /** g/m³ */
  vapour = saturated(22) * 0.5;
  /** g of droplets that hang in the air. */
  droplets = 0;
  #shown = 50;

  get humidity(): number {
    return Math.min(100, (100 * this.vapour) / saturated(this.temperature));
  }

  /** What a slow sensor says, with its noise of some tenths. */
  read(random: () => number): { humidity: number; temperature: number } {
    const noise = (size: number) => (random() - 0.5) * 2 * size;
    return { humidity: round(this.#shown + noise(0.2)), temperature: round(this.temperature + noise(0.1)) };
  }

  /** One second; `room` is the air around it. */
  step({ mister, fan, light }: TentInputs, room: { temperature: number; humidity: number }): void {
    const flow = ventilation + Number(fan) * fanFlow;
    const evaporated = this.droplets / evaporation;
    this.droplets += Number(mister) * mist - evaporated;
    const outside = (saturated(room.temperature) * room.humidity) / 100;
    const water = evaporated + (light ? transpiration.light : transpiration.dark) + flow * (outside - this.vapour);
    this.vapour = Math.max(0.1, this.vapour + water / volume);
    const air = 1200 * flow * (room.temperature - this.temperature);
    const heat = (light ? lampPower : 0) + air + wallLoss * (room.temperature - this.temperature) - latentHeat * evaporated;
    this.temperature += heat / heatCapacity;
    // Above saturation it falls as dew.
    this.vapour = Math.min(this.vapour, saturated(this.temperature));
    this.#shown += (this.humidity - this.#shown) / sensorLag;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The same numbers in each run: a linear congruential generator (Numerical Recipes). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
