/** Invalidations: which entries are not to be served any more, and which calls began before them. */
import type { CacheEntry, CacheTier } from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import type { Mark } from '../../contracts/coordination.js'
import { CLOCK_SKEW_MS, markTime, SET_BACK_MS } from '../../util/clock-skew.js'
import { isObject } from './cacheable.js'

type Level = CacheTier['level']

interface Stamp {
  /** Entries created at or before it are refused. Epoch milliseconds. */
  readonly at: number
  /** Its place among the marks this process learnt of; calls remember the newest one they knew. */
  readonly sequence: number
}

/** Tags that are remembered one by one, and as many keys. */
export const MAX_LABELS = 10_000
/** Forgotten at once when there are more, so that looking for the oldest costs little per mark. */
const FORGET_AT_ONCE = MAX_LABELS / 10
/** A mark older than that when it arrives concerns no call that is still running. */
const LONGEST_CALL_MS = 3_600_000

const LEVELS: readonly Level[] = ['l1', 'l2', 'l3']
const NEVER: Stamp = { at: -Infinity, sequence: 0 }

/**
 * All marks this process knows, its own and those of others. Its clock never goes back where it
 * matters: a mark is not older than the entries made here before it, and an entry is younger than
 * the marks that concern it, so that order survives within one millisecond.
 */
export class Marks {
  readonly #clock: Clock
  readonly #since: number
  readonly #tags = new Map<string, Stamp>()
  readonly #keys = new Map<string, Stamp>()
  readonly #levels: Record<Level, Stamp> = { l1: NEVER, l2: NEVER, l3: NEVER }
  /** The mark `*`, and what stands for marks that were forgotten. */
  #floor = NEVER
  /** No mark is newer: entries after it need no further look. */
  #newest = -Infinity
  #sequence = 0
  /** The sequence of the newest clear. */
  #cleared = 0
  #lastCreated = -Infinity
  readonly #onSetBack: () => void

  /** @param onSetBack told when the clock was set back: what bears a time before that has one to come */
  constructor(clock: Clock, onSetBack: () => void = () => undefined) {
    this.#clock = clock
    this.#onSetBack = onSetBack
    this.#since = clock.now()
  }

  /** The sequence of the newest mark of any kind. */
  get generation(): number {
    return this.#sequence
  }

  /** The sequence of the newest clear, or mark of one of these tags. */
  versionOf(tags: readonly string[] | undefined): number {
    let version = this.#cleared
    for (const tag of tags ?? []) {
      version = Math.max(version, this.#tags.get(tag)?.sequence ?? 0)
    }
    return version
  }

  /** Whether that level must not serve that entry. */
  refuses(key: string, entry: CacheEntry, level: Level): boolean {
    const { created_at, tags } = entry
    if (created_at > this.#newest) return false
    if (created_at <= this.#floor.at || created_at <= this.#levels[level].at) return true
    if (created_at <= atOf(this.#keys.get(key))) return true
    for (const tag of tags) if (created_at <= atOf(this.#tags.get(tag))) return true
    return false
  }

  /**
   * The `created_at` of an entry made now: after every mark that concerns it.
   * @param replaces also after every entry made before, so that a mark can tell the two apart
   */
  birth(key: string, tags: readonly string[] | undefined, replaces = false): number {
    const now = this.#now()
    let at = now
    if (now <= this.#newest) {
      const stamps = [this.#floor, ...Object.values(this.#levels), this.#keys.get(key)]
      for (const tag of tags ?? []) stamps.push(this.#tags.get(tag))
      for (const stamp of stamps) at = Math.max(at, atOf(stamp) + 1)
    }
    if (replaces && at <= this.#lastCreated && this.#lastCreated < now + CLOCK_SKEW_MS) {
      at = this.#lastCreated + 1
    }
    this.#lastCreated = Math.max(this.#lastCreated, at)
    return at
  }

  /** Marks made here, in force from now on: what exists is refused, whatever the clock says. */
  make(labels: readonly string[], at = this.after()): Mark[] {
    this.#sequence += 1
    return labels.map((label) => {
      this.#set(label, at, this.#sequence)
      return { label, at }
    })
  }

  /** A time that no entry made so far is after: neither one made here, nor one after a known mark. */
  after(): number {
    const now = this.#now()
    // A mark from further ahead would only pull all later ones with it.
    const known = this.#newest < now + CLOCK_SKEW_MS ? this.#newest + 1 : now
    return Math.max(now, known, this.#lastCreated)
  }

  /** Marks made elsewhere. @returns those that say something new */
  add(marks: readonly Mark[]): readonly Mark[] {
    const now = this.#now()
    const fresh = marks.filter((mark) => {
      if (!isMark(mark)) return false
      // Nothing was in this process's memory before the process began.
      if (mark.label === 'l1' && mark.at < this.#since - CLOCK_SKEW_MS) return false
      return markTime(mark.at, now) > atOf(this.#find(mark.label))
    })
    for (const { label, at } of fresh) {
      const running = at >= Math.max(this.#since, now - LONGEST_CALL_MS) - CLOCK_SKEW_MS
      if (running) this.#sequence += 1
      this.#set(label, markTime(at, now), running ? this.#sequence : 0)
    }
    return fresh
  }

  /** That level is empty: what comes into it from now on may be older than the mark. */
  settled(level: Level): void {
    this.#levels[level] = NEVER
  }

  /** The time; when it was set back, all that is known is brought along, or nothing new would be served. */
  #now(): number {
    const now = this.#clock.now()
    if (Math.max(this.#newest, this.#lastCreated) <= now + SET_BACK_MS) return now
    const bring = (stamp: Stamp): Stamp => ({ ...stamp, at: markTime(stamp.at, now) })
    this.#floor = bring(this.#floor)
    for (const level of LEVELS) this.#levels[level] = bring(this.#levels[level])
    for (const map of [this.#tags, this.#keys]) {
      for (const [name, stamp] of map) map.set(name, bring(stamp))
    }
    this.#newest = markTime(this.#newest, now)
    this.#lastCreated = -Infinity
    this.#onSetBack()
    return now
  }

  #find(label: string): Stamp | undefined {
    if (label === '*') return this.#floor
    if (isLevel(label)) return this.#levels[label]
    return this.#mapOf(label)?.get(label.slice(2))
  }

  #mapOf(label: string): Map<string, Stamp> | undefined {
    if (label.startsWith('t:')) return this.#tags
    return label.startsWith('k:') ? this.#keys : undefined
  }

  #set(label: string, at: number, sequence: number): void {
    const held = this.#find(label) ?? NEVER
    const stamp = { at: Math.max(held.at, at), sequence: Math.max(held.sequence, sequence) }
    if (label === '*' || isLevel(label)) {
      this.#cleared = Math.max(this.#cleared, sequence)
      if (isLevel(label)) this.#levels[label] = stamp
      else this.#floor = stamp
    } else {
      this.#remember(label, stamp)
    }
    this.#newest = Math.max(this.#newest, stamp.at)
  }

  #remember(label: string, stamp: Stamp): void {
    const name = label.slice(2)
    if (label.startsWith('t:')) {
      this.#tags.set(name, stamp)
      if (this.#tags.size > MAX_LABELS) this.#forgetOldestTags()
      return
    }
    // Last in line, and the first ones are just forgotten: what they concern was deleted or written
    // over as well, and refreshing many answers must not cost all the others.
    this.#keys.delete(name)
    this.#keys.set(name, stamp)
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= MAX_LABELS) break
      this.#keys.delete(oldest)
    }
  }

  /** One mark for everything takes the place of the oldest ones: it refuses more, never less. */
  #forgetOldestTags(): void {
    const times = [...this.#tags.values()].map(({ at }) => at)
    const until = times.sort((a, b) => a - b)[FORGET_AT_ONCE - 1] ?? -Infinity
    for (const [name, { at, sequence }] of this.#tags) {
      if (at > until) continue
      this.#tags.delete(name)
      this.#cleared = Math.max(this.#cleared, sequence)
    }
    this.#floor = { at: Math.max(this.#floor.at, until), sequence: this.#floor.sequence }
  }
}

const atOf = (stamp: Stamp | undefined): number => stamp?.at ?? -Infinity

function isMark(value: unknown): value is Mark {
  if (!isObject(value)) return false
  const { label, at } = value
  if (typeof label !== 'string' || !Number.isFinite(at)) return false
  return label === '*' || isLevel(label) || /^[tk]:/.test(label)
}

const isLevel = (label: string): label is Level =>
  label === 'l1' || label === 'l2' || label === 'l3'
