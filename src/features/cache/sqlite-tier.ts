/** L3: a SQLite file, for answers that outlive the process. The entry `raptorflow/cache/sqlite`. */
import { resolve } from 'node:path'
import type { CacheTier } from '../../contracts/cache-tier.js'
import { loadSqliteDriver } from '../../storage/sqlite-driver.js'
import { configured } from '../../util/configured.js'
import { invalidOption } from '../../util/invalid-option.js'
import { positive, refuseUnknown, text } from '../../util/option-checks.js'
import type { EncryptionOption } from './encryption.js'
import { createEntryCodec } from './entry-codec.js'
import { SqliteCache } from './sqlite-cache.js'

export type { EncryptionKey } from './encryption.js'

export interface SqliteTierOptions extends EncryptionOption {
  /**
   * The file, made when it is missing, with its directories, readable for its owner only. Several
   * processes of one machine may use it at once; it must not lie on a network drive.
   */
  readonly path: string
  /** Most bytes kept, an integer from 1 MiB; an entry over an eighth of it is not kept. @default 1_000_000_000 */
  readonly maxBytes?: number | undefined
  /** Most entries kept, an integer from 1. @default 250_000 */
  readonly maxEntries?: number | undefined
  /** Days after which an entry goes, however long its grace; > 0. @default 30 */
  readonly maxAgeDays?: number | undefined
}

const OPTIONS = ['path', 'maxBytes', 'maxEntries', 'maxAgeDays', 'encryptionKey']
const LEAST_BYTES = 2 ** 20
const DAY_MS = 86_400_000

/**
 * The cache in a SQLite file: `node:sqlite` where Node has it (22.13), else the package `libsql`. What
 * goes wrong with the file is a miss, told once; a damaged file is moved aside and begun anew.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function sqlite(options: SqliteTierOptions): CacheTier {
  return configured('sqlite()', () => build(options))
}

function build(options: SqliteTierOptions): CacheTier {
  refuseUnknown('sqlite()', options, OPTIONS)
  const { maxBytes = 1e9, maxEntries = 250_000, maxAgeDays = 30, encryptionKey } = options
  return new SqliteCache({
    path: filePath(options.path),
    bounds: {
      maxBytes: integer('maxBytes', maxBytes, LEAST_BYTES),
      maxEntries: integer('maxEntries', maxEntries, 1),
    },
    maxAgeMs: positive('maxAgeDays', maxAgeDays) * DAY_MS,
    codec: createEntryCodec({ encryptionKey }),
    loadDriver: loadSqliteDriver,
  })
}

function filePath(path: unknown): string {
  const given = text('path', path)
  if (given.startsWith(':') || /^\w+:\/\//.test(given) || given.includes('\0')) {
    throw invalidOption('path', 'the path of a file', path)
  }
  return resolve(given)
}

function integer(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalidOption(name, `an integer of at least ${least.toLocaleString('en')}`, value)
}
