/** `raptorflow/cache/keyv`: a cache tier in any store Keyv can talk to. */
import type { Keyv, KeyvStoreAdapter } from 'keyv'
import { LRUCache } from 'lru-cache'
import type { CacheEntry, CacheTier, TierContext } from '../../contracts/cache-tier.js'
import { systemClock } from '../../util/clock.js'
import { configured } from '../../util/configured.js'
import { invalidOption } from '../../util/invalid-option.js'
import { lazyPackage } from '../../util/load-package.js'
import { refuseUnknown, withMethods } from '../../util/option-checks.js'
import type { EncryptionOption } from './encryption.js'
import { createEntryCodec, type EntryCodec } from './entry-codec.js'

export type { EncryptionKey } from './encryption.js'

/** One of `keyv` and `store`. Either stays the caller's to close. */
export interface KeyvTierOptions extends EncryptionOption {
  /** A Keyv instance. Its `throwOnErrors` is switched on: it hides failures otherwise. */
  readonly keyv?: Keyv | undefined
  /** A store for Keyv, such as `@keyv/valkey`, `@keyv/postgres`, `@keyv/mongo`, `@keyv/memcache`; its namespace is `raptorflow`. */
  readonly store?: KeyvStoreAdapter | Map<string, unknown> | undefined
  /** @default 'l2' */
  readonly level?: 'l2' | 'l3' | undefined
}

const METHODS = ['get', 'set', 'delete', 'clear'] as const
/** Keyv cannot count: entries written by this process are, up to so many. */
const MOST_COUNTED = 50_000
const COUNT_EVERY_MS = 1_000

const loadKeyv = lazyPackage('keyv', async () => (await import('keyv')).Keyv)

/**
 * Entries as text, so that no store's encoding can harm them. It has no deadlines of its own: the client
 * gives it some. `stats` counts what this process wrote.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function keyvTier(options: KeyvTierOptions): CacheTier {
  return configured('keyvTier()', () => build(options))
}

function build(options: KeyvTierOptions): CacheTier {
  refuseUnknown('keyvTier()', options, ['keyv', 'store', 'level', 'encryptionKey'])
  const { keyv, store, level = 'l2', encryptionKey } = options
  const given = withMethods('keyv', keyv, METHODS)
  const adapter = withMethods<KeyvStoreAdapter | Map<string, unknown>>('store', store, METHODS)
  if ((given === undefined) === (adapter === undefined)) {
    throw invalidOption('keyv', 'given, or else `store`', keyv)
  }
  if (!['l2', 'l3'].includes(level)) throw invalidOption('level', "'l2' or 'l3'", level)
  const make = async (): Promise<Keyv> => {
    if (given !== undefined) return given
    return new (await loadKeyv())({ store: adapter, namespace: 'raptorflow' })
  }
  return new KeyvTier(level, make, createEntryCodec({ encryptionKey }))
}

interface Counted {
  readonly bytes: number
  readonly until: number
}

class KeyvTier implements CacheTier {
  readonly level: 'l2' | 'l3'
  readonly #make: () => Promise<Keyv>
  readonly #codec: EntryCodec
  readonly #counted = new LRUCache<string, Counted>({
    max: MOST_COUNTED,
    maxSize: Number.MAX_SAFE_INTEGER,
    sizeCalculation: ({ bytes }) => bytes,
  })
  #clock: Pick<TierContext['clock'], 'now' | 'monotonic'> = systemClock
  #keyv: Promise<Keyv> | undefined
  #errors = 0
  #release = (): void => undefined
  #countedAt = -Infinity

  constructor(level: 'l2' | 'l3', make: () => Promise<Keyv>, codec: EntryCodec) {
    this.level = level
    this.#make = make
    this.#codec = codec
  }

  open({ clock }: TierContext): void {
    this.#clock = clock
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    const text: unknown = await this.#ask((keyv) => keyv.get(key))
    if (text === undefined || text === null) return undefined
    const entry = typeof text === 'string' ? this.#decode(key, text) : undefined
    // Damaged, forged, or of another version: of no use to anybody.
    if (entry === undefined) await this.delete([key])
    return entry !== undefined && this.#clock.now() < entry.stale_until ? entry : undefined
  }

  async set(key: string, entry: CacheEntry): Promise<void> {
    const life = Math.ceil(entry.stale_until - this.#clock.now())
    if (life <= 0) return this.delete([key])
    const text = this.#codec.encode(key, entry).toString('base64')
    if (!(await this.#ask((keyv) => keyv.set(key, text, life)))) throw new Error('Not stored')
    this.#counted.set(key, { bytes: text.length, until: entry.stale_until })
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#counted.delete(key)
    await this.#ask((keyv) => Promise.all(keys.map((key) => keyv.delete(key))))
  }

  async clear(): Promise<void> {
    await this.#ask((keyv) => keyv.clear())
    this.#counted.clear()
  }

  stats() {
    this.#forgetExpired()
    return {
      enabled: true,
      entries: this.#counted.size,
      bytes: this.#counted.calculatedSize,
      // The store's own business.
      max_entries: Number.MAX_SAFE_INTEGER,
      max_bytes: Number.MAX_SAFE_INTEGER,
      compression: true,
    }
  }

  #decode(key: string, text: string): CacheEntry | undefined {
    return this.#codec.decode(key, Buffer.from(text, 'base64'))
  }

  /** Many adapters report an error as an event and answer as if nothing was there. */
  async #ask<T>(question: (keyv: Keyv) => Promise<T>): Promise<T> {
    this.#keyv ??= this.#prepare()
    const keyv = await this.#keyv
    const errors = this.#errors
    const answer = await question(keyv)
    if (this.#errors !== errors) throw new Error('The store reported an error')
    return answer
  }

  async #prepare(): Promise<Keyv> {
    const keyv = await this.#make()
    keyv.throwOnErrors = true
    const onError = (): void => {
      this.#errors += 1
    }
    keyv.on('error', onError)
    this.#release = () => {
      keyv.off('error', onError)
    }
    return keyv
  }

  /** The store stays its owner's to close. */
  close(): Promise<void> {
    this.#release()
    return Promise.resolve()
  }

  #forgetExpired(): void {
    if (this.#clock.monotonic() - this.#countedAt < COUNT_EVERY_MS) return
    this.#countedAt = this.#clock.monotonic()
    const now = this.#clock.now()
    for (const [key, { until }] of this.#counted.entries()) {
      if (until <= now) this.#counted.delete(key)
    }
  }
}
