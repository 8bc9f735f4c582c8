/** Real questions, repeated as real traffic repeats: a few are asked all the time, most hardly ever. */
import sample from '../data/banking77-sample.json' with { type: 'json' }

/** The seed of everything drawn at random here. */
export const SEED = 42

/** How unequal the questions are: rank r is asked in proportion to 1 / r^s. */
export const ZIPF_EXPONENT = 1

/** mulberry32: small, fast, and the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The questions in an order that says nothing about their intent (Fisher-Yates). */
function shuffled(texts: readonly string[], random: () => number): readonly string[] {
  const order = [...texts]
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const moved = order[last]!
    order[last] = order[other]!
    order[other] = moved
  }
  return order
}

/** `count` draws from `texts`, whose place in the list is their rank. */
function zipf(texts: readonly string[], count: number, random: () => number): readonly string[] {
  let sum = 0
  const cumulative = texts.map((_, index) => (sum += 1 / (index + 1) ** ZIPF_EXPONENT))
  return Array.from({ length: count }, () => {
    const drawn = random() * sum
    return texts[cumulative.findIndex((reached) => reached > drawn)]!
  })
}

export interface Traffic {
  /** Questions the sample has. */
  readonly available: number
  /** What is asked, in order, repetitions included. */
  readonly asked: readonly string[]
  /** Questions that `asked` does not contain: nobody has an answer to them yet. */
  readonly fresh: readonly string[]
}

/** @param count requests */
export function createTraffic(count: number): Traffic {
  const random = seededRandom(SEED)
  const ranked = shuffled(
    sample.map(({ text }) => text),
    random,
  )
  const [first = '', second = '', third = '', ...rest] = ranked
  return {
    available: sample.length,
    asked: zipf(rest, count, random),
    fresh: [first, second, third],
  }
}
