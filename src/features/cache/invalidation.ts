/** Forgetting on purpose: in force here at once, then told to the tiers and to other processes. */
import type { CacheTier } from '../../contracts/cache-tier.js'
import type { Mark } from '../../contracts/coordination.js'
import type { Marks } from './marks.js'
import type { SafeTier } from './safe-tier.js'

type Level = CacheTier['level']

export interface LevelResults {
  readonly [level: string]: { readonly success: boolean }
}

/** What became of marks in each tier; undefined for one that cannot keep them. */
type Recorded = ReadonlyMap<SafeTier, Promise<boolean> | undefined>

const LEVELS: readonly Level[] = ['l1', 'l2', 'l3']

export class Invalidation {
  readonly #tiers: readonly SafeTier[]
  readonly #marks: Marks

  constructor(tiers: readonly SafeTier[], marks: Marks) {
    this.#tiers = tiers
    this.#marks = marks
  }

  /** Marks of other processes, or of earlier ones. */
  receive(marks: readonly Mark[]): void {
    const news = this.#marks.add(marks)
    if (!news.some(({ label }) => label === 'l1')) return
    // Emptied instead of refused, or what the level below still has could not be copied up.
    for (const tier of this.#at('l1')) void tier.clear()
  }

  /** The clock was set back: nobody knows how old what is in memory is. */
  clockSetBack(): void {
    for (const tier of this.#at('l1')) void tier.clear()
  }

  delete(keys: readonly string[]): void {
    if (keys.length === 0) return
    const now = this.#marks.after()
    // An entry whose maker's clock is ahead is younger than the moment: the mark must not be older.
    const times = this.#at('l1').flatMap((tier) =>
      keys.map((key) => tier.peek(key, now)?.created_at ?? now),
    )
    const at = times.reduce((latest, time) => Math.max(latest, time), now)
    const labels = keys.map((key) => `k:${key}`)
    this.#tell(this.#marks.make(labels, at))
    for (const tier of this.#tiers) tier.delete(keys)
  }

  /** An entry created at `created_at` took the place of an older one, in the shared tiers as well. */
  replaced(key: string, created_at: number): void {
    if (!this.#tiers.some(({ keepsMarks }) => keepsMarks)) return
    this.#tell(this.#marks.make([`k:${key}`], created_at - 1))
  }

  async clear(level: Level | 'all'): Promise<LevelResults> {
    const recorded = this.#tell(this.#marks.make([level === 'all' ? '*' : level]))
    return this.#results(level === 'all' ? LEVELS : [level], async (tier) => {
      const cleared = tier.clear()
      return (await recorded.get(tier)) !== false && (await cleared)
    })
  }

  async invalidateTags(tags: readonly string[]): Promise<LevelResults> {
    const recorded = this.#tell(this.#marks.make([...new Set(tags)].map((tag) => `t:${tag}`)))
    // Memory ends with its process; any other tier that keeps no marks serves the entries again later.
    return this.#results(LEVELS, async (tier) => (await recorded.get(tier)) ?? tier.level === 'l1')
  }

  async #results(
    levels: readonly Level[],
    succeeds: (tier: SafeTier) => Promise<boolean>,
  ): Promise<LevelResults> {
    const results = levels.map(async (level): Promise<[string, { success: boolean }]> => {
      const done = await Promise.all(this.#at(level).map(succeeds))
      return [level, { success: done.every(Boolean) }]
    })
    return Object.fromEntries(await Promise.all(results))
  }

  #tell(marks: readonly Mark[]): Recorded {
    return new Map(this.#tiers.map((tier) => [tier, tier.record(marks)]))
  }

  #at(level: Level): readonly SafeTier[] {
    return this.#tiers.filter((tier) => tier.level === level)
  }
}
