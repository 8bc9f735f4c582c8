/** What is to be written to the file, in the order it came; read through until it is. */
import type { CacheEntry } from '../../contracts/cache-tier.js'

/** An entry, or null for a deletion. */
export type Write = CacheEntry | null
export type QueuedWrite = readonly [key: string, write: Write]

/** A process that writes faster than the disk must not run out of memory. */
const MOST_WRITES = 1_000
const MOST_BYTES = 16 * 2 ** 20
/** Deletions are small, and dropping one would bring back what was deleted. */
const MOST_DELETIONS = 10_000

export class WriteQueue {
  readonly #writes = new Map<string, Write>()
  #bytes = 0
  #deletions = 0
  #dropped = 0
  #overrun = false

  get size(): number {
    return this.#writes.size
  }

  /** Entries that were not written: the queue was full, or the file could not take them. */
  get dropped(): number {
    return this.#dropped
  }

  /** There were more deletions than are remembered: the file is to be emptied before it is read. */
  get overrun(): boolean {
    return this.#overrun
  }

  /** Null when the key is to be deleted. */
  get(key: string): Write | undefined {
    return this.#writes.get(key)
  }

  /** Dropped when the queue is full. */
  put(key: string, entry: CacheEntry): void {
    const entries = this.#writes.size - this.#deletions
    if (entries >= MOST_WRITES || this.#bytes + entry.size > MOST_BYTES) {
      this.drop(key)
      return
    }
    this.#forget(key)
    this.#bytes += entry.size
    this.#writes.set(key, entry)
  }

  remove(key: string): void {
    this.#forget(key)
    if (this.#deletions >= MOST_DELETIONS) {
      this.clear()
      this.#overrun = true
    }
    this.#deletions += 1
    this.#writes.set(key, null)
  }

  /** Counts an entry that is not written. What was to be written for its key before goes as well. */
  drop(key: string): void {
    this.#dropped += 1
    if (this.#writes.has(key)) this.remove(key)
  }

  /** The first ones, at least one; they stay until `done`. */
  first(count: number, bytes: number): QueuedWrite[] {
    const batch: QueuedWrite[] = []
    let size = 0
    for (const write of this.#writes) {
      size += write[1]?.size ?? 0
      if (batch.length === count || (size > bytes && batch.length > 0)) break
      batch.push(write)
    }
    return batch
  }

  /** Those of the batch that nothing has replaced since. */
  done(batch: readonly QueuedWrite[]): void {
    this.#overrun = false
    for (const [key, write] of batch) if (this.#writes.get(key) === write) this.#forget(key)
  }

  /** Gives up the entries and keeps the deletions. */
  dropEntries(): void {
    for (const [key] of this.entries()) this.drop(key)
  }

  entries(): [string, CacheEntry][] {
    return [...this.#writes].filter((write): write is [string, CacheEntry] => write[1] !== null)
  }

  /** Also when the file has been emptied. */
  clear(): void {
    this.#overrun = false
    this.#writes.clear()
    this.#bytes = 0
    this.#deletions = 0
  }

  #forget(key: string): void {
    const write = this.#writes.get(key)
    if (write === undefined) return
    if (write === null) this.#deletions -= 1
    else this.#bytes -= write.size
    this.#writes.delete(key)
  }
}
