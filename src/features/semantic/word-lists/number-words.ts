/** Number words, months, units and currencies, written by hand. */
import { formsOf } from './decode.js'

const listed = (text: string, from: number, step = 1): [string, number][] =>
  text.split(' ').map((word, index) => [word, from + index * step])

export const CARDINALS: ReadonlyMap<string, number> = new Map([
  ...listed(
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
    0,
  ),
  ...listed('twenty thirty forty fifty sixty seventy eighty ninety', 20, 10),
  ['dozen', 12],
])

export const MAGNITUDES: ReadonlyMap<string, number> = new Map([
  ['hundred', 100],
  ['thousand', 1_000],
  ['k', 1_000],
  ['million', 1_000_000],
  ['mio', 1_000_000],
  ['billion', 1_000_000_000],
  ['bn', 1_000_000_000],
  ['trillion', 1_000_000_000_000],
])

export const ORDINALS: ReadonlyMap<string, number> = new Map([
  ...listed(
    'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth',
    1,
  ),
  ...listed(
    'twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth',
    20,
    10,
  ),
])

/** Shares and multiples: each is a quantity of its own. */
export const QUANTITIES = formsOf(`
1/2: half halves; 1/4: quarter quarters; x2: twice double doubled; x3: thrice triple tripled; x4:
quadruple; 12: dozens; 100x: hundreds; 1000x: thousands; 1000000x: millions
`)

export const MONTHS: ReadonlyMap<string, number> = new Map([
  ...listed(
    'january february march april may june july august september october november december',
    1,
  ),
  ...listed('jan feb mar apr may jun jul aug sep oct nov dec', 1),
  ['sept', 9],
])

/** Spellings of a unit to one name. Letters that mean many things only count glued to a number. */
export const UNITS = formsOf(`
%: % percent pct percentage; usd: $ usd dollar dollars bucks; eur: € eur euro euros;
gbp: £ gbp quid; yen: ¥ jpy yen; inr: ₹ inr rupee rupees; cent: cent cents; °: ° deg degree degrees;
c: celsius centigrade; f: fahrenheit; kelvin: kelvin; am: am; pm: pm;
ms: ms millisecond milliseconds; us: µs microsecond microseconds; sec: sec secs seconds;
min: min mins minute minutes; hour: hr hrs hour hours; day: day days; week: wk week weeks;
month: month months; year: yr yrs year years; decade: decade decades; century: century centuries;
mm: mm millimeter millimeters millimetre millimetres;
cm: cm centimeter centimeters centimetre centimetres; m: meter meters metre metres;
km: km kilometer kilometers kilometre kilometres; inch: inch inches; foot: ft foot feet;
yd: yd yard yards; mile: mi mile miles; mg: mg milligram milligrams; g: gram grams gramme grammes;
kg: kg kgs kilo kilos kilogram kilograms; lb: lb lbs pound pounds; oz: oz ounce ounces;
ton: ton tons tonne tonnes; ml: ml milliliter milliliters millilitre millilitres;
l: liter liters litre litres; gal: gallon gallons; cup: cup cups; tbsp: tbsp tablespoon tablespoons;
tsp: tsp teaspoon teaspoons; kb: kb kilobyte kilobytes; mb: mb megabyte megabytes;
gb: gb gigabyte gigabytes; tb: tb terabyte terabytes; byte: byte bytes; bit: bit bits;
kbps: kbps; mbps: mbps; gbps: gbps; hz: hz hertz; khz: khz; mhz: mhz; ghz: ghz; w: watt watts;
kw: kw kilowatt kilowatts; kwh: kwh; v: volt volts; amp: amp amps; kph: kph kmh; mph: mph;
cal: calorie calories; kcal: kcal; acre: acre acres; hectare: hectare hectares
`)

/** Only as units where they touch the digits: `5m`, `3g`, `20c`. */
export const GLUED_UNITS = formsOf(
  'm: m; g: g; l: l; c: c; f: f; sec: s; hour: h; day: d; w: w; v: v; x: x; kelvin: k°; year: y',
)

/** Roman numerals that are no English words; in capitals only. */
export const ROMAN_NUMERALS: ReadonlyMap<string, string> = new Map(
  'II III IV - VI VII VIII IX - XI XII XIII XIV XV XVI'
    .split(' ')
    .map((numeral, index) => [numeral, String(index + 2)]),
)
