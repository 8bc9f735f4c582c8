/** Invalidations kept in the file, for other processes on it and for after a restart. */
import type { Timer } from '../../contracts/clock.js'
import type { Mark, MarkStore } from '../../contracts/coordination.js'
import { RaptorflowError } from '../../errors.js'
import { isAhead, markTime } from '../../util/clock-skew.js'
import type { NumberedMark } from './sqlite-mark-table.js'
import type { SqliteSession, SqliteTrouble } from './sqlite-session.js'

type Listener = (marks: readonly Mark[]) => void

/** How soon the marks of another process are seen, at the latest. */
const POLL_MS = 1_000
/** Counting all of them for each one put would cost too much. */
const TRIM_EVERY = 1_000
const MOST_PENDING = 10_000

export class SqliteMarks implements MarkStore {
  readonly #session: SqliteSession
  readonly #listeners = new Set<Listener>()
  /** Not in the file yet; by label. */
  readonly #pending = new Map<string, number>()
  #timer: Timer | undefined
  #lastSeq = 0
  #version: unknown
  /** The first one trims as well: nothing did since the last process. */
  #puts = TRIM_EVERY

  constructor(session: SqliteSession) {
    this.#session = session
  }

  /** True while the file does not know what it must: nothing read from it can be trusted. */
  get blocked(): boolean {
    return this.#pending.size > 0
  }

  async put(marks: readonly Mark[]): Promise<void> {
    for (const mark of marks) this.#add(mark)
    await this.#session.ready()
    const trouble = this.#write(true)
    if (trouble === undefined) return
    this.#poll()
    throw sqliteError('The invalidation could not be recorded yet', trouble)
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    const open = this.#session.read(() => true) === true
    this.#deliver(this.#after(0), [listener], open)
    this.#poll()
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** After each opening: all of them, since it may be another file. */
  opened(): void {
    this.#lastSeq = 0
    if (this.blocked) this.#write(false)
    this.#deliverNew(true)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #add({ label, at }: Mark): void {
    this.#pending.set(label, Math.max(at, this.#pending.get(label) ?? -Infinity))
    if (this.#pending.size <= MOST_PENDING) return
    const latest = Math.max(...this.#pending.values())
    this.#pending.clear()
    this.#pending.set('*', latest)
  }

  #write(urgent: boolean): SqliteTrouble | undefined {
    const { clock } = this.#session.context
    const written = [...this.#pending]
    const trim = this.#puts + written.length >= TRIM_EVERY
    const trouble = this.#session.write(({ marks }) => {
      for (const [label, at] of written) marks.put({ label, at })
      if (trim) marks.trim(clock.now())
    }, urgent)
    if (trouble !== undefined) return trouble
    this.#puts = trim ? 0 : this.#puts + written.length
    for (const [label, at] of written) {
      if (this.#pending.get(label) === at) this.#pending.delete(label)
    }
    return undefined
  }

  #poll(): void {
    if (this.#timer !== undefined || (this.#listeners.size === 0 && !this.blocked)) return
    this.#timer = this.#session.context.clock.schedule(POLL_MS, () => {
      this.#timer = undefined
      if (this.blocked) {
        void this.#session.ready()
        this.#write(false)
      }
      this.#deliverNew()
      this.#poll()
    })
  }

  /** @param always also when there are none: the first call says that entries are read from now on */
  #deliverNew(always = false): void {
    if (this.#listeners.size === 0) return
    const version = this.#session.read(({ marks }) => marks.version())
    if (version === this.#version && this.#lastSeq > 0) return
    this.#version = version
    const found = this.#after(this.#lastSeq)
    this.#lastSeq = found.at(-1)?.seq ?? this.#lastSeq
    this.#deliver(found, this.#listeners, always)
  }

  #after(seq: number): readonly NumberedMark[] {
    const found = this.#session.read(({ marks }) => marks.after(seq)) ?? []
    const now = this.#session.context.clock.now()
    if (!found.some(({ at }) => isAhead(at, now))) return found
    // In the file as well, or each later process would refuse what was made since.
    this.#session.write(({ marks }) => {
      marks.lower(now)
    })
    return found.map((mark) => ({ ...mark, at: markTime(mark.at, now) }))
  }

  #deliver(marks: readonly Mark[], listeners: Iterable<Listener>, always: boolean): void {
    if (marks.length === 0 && !always) return
    const plain = marks.map(({ label, at }) => ({ label, at }))
    for (const listener of listeners) listener(plain)
  }
}

/** What a method that must tell rejects with. */
export function sqliteError(what: string, trouble: SqliteTrouble): RaptorflowError {
  return new RaptorflowError('PROVIDER_UNAVAILABLE', `${what}: the SQLite cache is ${trouble}`, {
    details: { reason: trouble },
  })
}
