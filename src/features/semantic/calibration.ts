/** What was right and what was wrong, and the similarity that follows from it. */

interface Label {
  readonly similarity: number
  readonly right: boolean
}

/** One-sided 95 %: the true error rate is above the bound once in twenty times. */
const Z = 1.645
/** Labels a scope needs to be judged by them alone, and `strict` to serve anything, at least. */
const ENOUGH_LABELS = 30
/**
 * Wrong labels the allowed rate must have had room for before `strict` serves: the bound is looked at
 * after every label, and a lucky streak is sure to come early. With this, none of the
 * five orders of bench/src/semantic-banking.ts goes above its rate at 0.02, 0.05, 0.1 and 0.2.
 */
const ROOM_FOR_WRONG = 10
/** Newer ones push out older ones: what is asked, and the model's answers, change. */
const MOST_LABELS = 1_000
/** A bad word of a user counts until so many further labels were learned in the scope. */
const BAR_LASTS = 100
/** The next similarity worth telling from this one: Float32 sums differ by less. */
const JUST_ABOVE = 1e-4
/** No cosine reaches it. */
const NOTHING = 2

/**
 * Upper end of the one-sided 95 % interval of an error rate of which `wrong` of `total` were seen; 1
 * with nothing seen. E. B. Wilson, Probable inference, the law of succession, and statistical
 * inference, JASA 22 (1927), 209-212.
 */
export function wilsonUpperBound(wrong: number, total: number): number {
  if (total <= 0) return 1
  const share = wrong / total
  const spread = Z * Math.sqrt((share * (1 - share)) / total + (Z * Z) / (4 * total * total))
  return Math.min(1, (share + (Z * Z) / (2 * total) + spread) / (1 + (Z * Z) / total))
}

/** How many right labels and no wrong one give a bound of just `maxErrorRate`: what trust is worth. */
function trust(maxErrorRate: number): number {
  return (Z * Z * (1 - maxErrorRate)) / maxErrorRate
}

export interface CalibrationTerms {
  /** Nothing less similar is ever served. */
  readonly base: number
  readonly maxErrorRate: number
  /** Without trust in `base`: evidence first. */
  readonly strict: boolean
}

/** A bounded list of labels and the threshold they allow. */
export class Labels {
  readonly #terms: CalibrationTerms
  readonly #needed: number
  readonly #labels: Label[] = []
  /** Of the labels as they are, on trust and on evidence. */
  #lowest: { trusting?: number; strict?: number } = {}

  constructor(terms: CalibrationTerms) {
    const { strict, maxErrorRate } = terms
    const room = strict ? ROOM_FOR_WRONG / maxErrorRate : 0
    this.#terms = terms
    this.#needed = Math.min(MOST_LABELS, Math.max(ENOUGH_LABELS, room))
  }

  get size(): number {
    return this.#labels.length
  }

  /** Whether they can stand for themselves. */
  get enough(): boolean {
    return this.#labels.length >= this.#needed
  }

  /** Of no use below `base`, where nothing is served anyway. */
  add(similarity: number, right: boolean): void {
    if (similarity < this.#terms.base) return
    this.#labels.push({ similarity, right })
    if (this.#labels.length > MOST_LABELS) this.#labels.shift()
    this.#lowest = {}
  }

  /**
   * The lowest similarity t >= `base` such that the upper bound of the error rate of all labels >= t
   * is at most `maxErrorRate`; 2, which nothing reaches, when there is none. When `strict`, there must
   * be 30 of them and 10 / `maxErrorRate`. Otherwise `base` has the credit of just enough right labels
   * to be allowed with no label at all: the first wrong ones raise the threshold above themselves
   * until right ones outweigh them.
   */
  threshold(strict = this.#terms.strict): number {
    return (this.#lowest[strict ? 'strict' : 'trusting'] ??= this.#search(strict))
  }

  #search(strict: boolean): number {
    const { base, maxErrorRate } = this.#terms
    const credit = strict ? 0 : trust(maxErrorRate)
    const needed = strict ? this.#needed : 0
    const labels = this.#labels.toSorted((a, b) => b.similarity - a.similarity)
    if (labels.length === 0) return strict ? NOTHING : base
    let wrong = 0
    let lowest = strict ? NOTHING : (labels[0]?.similarity ?? base) + JUST_ABOVE
    for (const [index, { similarity, right }] of labels.entries()) {
      if (!right) wrong += 1
      const next = labels[index + 1]
      if (index + 1 < needed || next?.similarity === similarity) continue
      // A bound of exactly the rate is allowed; sums of fractions are not exact.
      const allowed = wilsonUpperBound(wrong, index + 1 + credit) <= maxErrorRate + 1e-9
      if (allowed) lowest = next === undefined ? base : similarity
    }
    return lowest
  }
}

/**
 * The threshold of one scope. As long as its own labels are few, those of all scopes stand in for
 * them, and its own can only raise what they allow. What users say counts for their own scope only: nobody loosens or closes another's.
 */
export class Calibration {
  readonly #own: Labels
  readonly #pool: Labels
  #bar: { readonly similarity: number; readonly until: number } | undefined
  #learned = 0

  constructor(terms: CalibrationTerms, pool: Labels) {
    this.#own = new Labels(terms)
    this.#pool = pool
  }

  get threshold(): number {
    const allowed = this.#own.enough
      ? this.#own.threshold()
      : Math.max(this.#pool.threshold(), this.#own.threshold(false))
    return Math.max(allowed, this.#bar?.similarity ?? 0)
  }

  /** A fresh answer was compared with what would have been served. */
  learn(similarity: number, right: boolean): void {
    this.#own.add(similarity, right)
    this.#pool.add(similarity, right)
    this.#learned += 1
    if (this.#bar && this.#learned >= this.#bar.until) this.#bar = undefined
  }

  /** A user's word: `bad` closes the scope up to that similarity at once, whatever the bound says. */
  judge(similarity: number, good: boolean): void {
    this.#own.add(similarity, good)
    if (good) return
    const raised = Math.max(similarity + JUST_ABOVE, this.#bar?.similarity ?? 0)
    this.#bar = { similarity: raised, until: this.#learned + BAR_LASTS }
  }
}
