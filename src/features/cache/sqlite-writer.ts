/** Write-behind: entries, deletions and times of use, many in one transaction. */
import type { CacheEntry } from '../../contracts/cache-tier.js'
import type { Timer } from '../../contracts/clock.js'
import type { EntryCodec } from './entry-codec.js'
import { WriteQueue, type QueuedWrite } from './sqlite-queue.js'
import type { SqliteSession, SqliteTrouble } from './sqlite-session.js'
import type { Bounds, NewRow } from './sqlite-table.js'

const DELAY_MS = 50
const BATCH_WRITES = 64
/** Compressing and writing more takes the event loop too long. */
const BATCH_BYTES = 2 ** 20
/** Times of use wait longer: losing some does little harm. */
const TOUCH_MS = 5_000
const MOST_TOUCHES = 1_000
const RETRY_MS = 1_000
/** Times a flush waits for another process. */
const FLUSH_TRIES = 3

export interface WriterOptions {
  readonly session: SqliteSession
  readonly codec: EntryCodec
  readonly bounds: Bounds
  /** Epoch milliseconds until which the tier keeps an entry. */
  readonly keptUntil: (entry: CacheEntry) => number
}

export class SqliteWriter {
  readonly queue = new WriteQueue()
  readonly #options: WriterOptions
  /** Row ids, with the time each was used. */
  readonly #touches = new Map<number, number>()
  #timer: Timer | undefined
  #due = Infinity
  #sweeping = true
  #toldDropped = 0

  constructor(options: WriterOptions) {
    this.#options = options
  }

  put(key: string, entry: CacheEntry): void {
    if (this.#options.session.accepts) this.queue.put(key, entry)
    else this.queue.drop(key)
    this.#schedule(this.queue.size < BATCH_WRITES ? DELAY_MS : 0)
  }

  remove(keys: readonly string[]): void {
    for (const key of keys) this.queue.remove(key)
    if (keys.length > 0) this.#schedule(this.queue.size < BATCH_WRITES ? DELAY_MS : 0)
  }

  touch(id: number, now: number): void {
    if (this.#touches.size >= MOST_TOUCHES) return
    this.#touches.set(id, now)
    this.#schedule(TOUCH_MS)
  }

  /** Forgets what is not written. */
  clear(): void {
    this.queue.clear()
    this.#touches.clear()
    this.sweepSoon()
  }

  sweepSoon(): void {
    this.#sweeping = true
    this.#schedule(DELAY_MS)
  }

  /** Writes everything, some at a time; what kept it from being done, if anything did. */
  async flush(): Promise<SqliteTrouble | undefined> {
    let tries = 0
    while (this.queue.size > 0 || this.#touches.size > 0) {
      await this.#options.session.ready()
      const trouble = this.#writeBatch(true)
      if (trouble === undefined) tries = 0
      else if (trouble !== 'locked' || (tries += 1) >= FLUSH_TRIES) return trouble
      await new Promise((resolve) => setImmediate(resolve))
    }
    return undefined
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#due = Infinity
  }

  #schedule(ms: number): void {
    const { clock } = this.#options.session.context
    const due = clock.monotonic() + ms
    if (due >= this.#due) return
    this.stop()
    this.#due = due
    this.#timer = clock.schedule(ms, () => {
      this.#run()
    })
  }

  #run(): void {
    this.stop()
    const { session } = this.#options
    const opening = session.ready()
    if (opening !== undefined) {
      void opening.then(() => {
        this.#schedule(0)
      })
      return
    }
    const trouble = this.#writeBatch(false)
    this.#tellDropped()
    if (trouble !== undefined) {
      if (session.enabled && (this.queue.size > 0 || this.#sweeping)) this.#schedule(RETRY_MS)
    } else if (this.queue.size > 0) this.#schedule(0)
    else if (this.#sweeping || session.read(({ entries }) => entries.shrink())) {
      this.#schedule(DELAY_MS)
    }
  }

  #tellDropped(): void {
    const { dropped } = this.queue
    if (dropped === this.#toldDropped) return
    this.#toldDropped = dropped
    this.#options.session.context.logger.debug({ dropped }, 'Entries were not written to SQLite')
  }

  #writeBatch(urgent: boolean): SqliteTrouble | undefined {
    const { session, bounds } = this.#options
    const now = session.context.clock.now()
    const batch = this.queue.first(BATCH_WRITES, BATCH_BYTES)
    const rows = batch.map((write) => this.#rowOf(write))
    let more = false
    const trouble = session.write(({ entries }) => {
      if (this.queue.overrun) entries.clear()
      for (const row of rows) {
        if (typeof row === 'string') entries.remove(row)
        else entries.put(row, now)
      }
      for (const [id, usedAt] of this.#touches) entries.touch(id, usedAt)
      more = entries.sweep(bounds, now)
    }, urgent)
    if (trouble === undefined) {
      this.queue.done(batch)
      this.#touches.clear()
      this.#sweeping = more
    } else if (!session.accepts) this.queue.dropEntries()
    return trouble
  }

  /** What to write, or the key to delete. */
  #rowOf([key, entry]: QueuedWrite): NewRow | string {
    const { codec, bounds, keptUntil } = this.#options
    if (entry === null) return key
    const value = codec.encode(key, entry)
    // It would push out much of the rest.
    if (value.length > bounds.maxBytes / 8) return key
    const { created_at, semantic } = entry
    return { key, value, created_at, stale_until: keptUntil(entry), scope: semantic?.scope }
  }
}
