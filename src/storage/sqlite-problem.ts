/** What a failure of SQLite means, whichever driver it came from. */

/**
 * `corrupt`: the file is damaged or no database. `locked`: another process holds it. `unreachable`: it
 * cannot be opened at that path. `failed`: none of the others.
 */
export type SqliteProblem =
  'corrupt' | 'disk_full' | 'read_only' | 'locked' | 'io_error' | 'unreachable' | 'failed'

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const BY_RESULT_CODE: Readonly<Record<number, SqliteProblem>> = {
  3: 'read_only',
  5: 'locked',
  6: 'locked',
  8: 'read_only',
  10: 'io_error',
  11: 'corrupt',
  13: 'disk_full',
  14: 'unreachable',
  23: 'read_only',
  26: 'corrupt',
}

const BY_SYSTEM_CODE: Readonly<Record<string, SqliteProblem>> = {
  EACCES: 'read_only',
  EPERM: 'read_only',
  EROFS: 'read_only',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EIO: 'io_error',
  ENOENT: 'unreachable',
  ENOTDIR: 'unreachable',
  EEXIST: 'unreachable',
  EISDIR: 'unreachable',
  ELOOP: 'unreachable',
  ENAMETOOLONG: 'unreachable',
}

export function sqliteProblem(error: unknown): SqliteProblem {
  if (!(error instanceof Error)) return 'failed'
  const { code, errcode, rawCode } = error as {
    code?: unknown
    /** Of node:sqlite. */
    errcode?: unknown
    /** Of libsql. */
    rawCode?: unknown
  }
  const result = numberOf(errcode) ?? numberOf(rawCode) ?? openingCode(error.message)
  const known = result === undefined ? undefined : BY_RESULT_CODE[result & 0xff]
  return known ?? (typeof code === 'string' ? BY_SYSTEM_CODE[code] : undefined) ?? 'failed'
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined

/** libsql tells the code of a failed opening at the end of its message only. */
function openingCode(message: string): number | undefined {
  const code = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(message)?.[1]
  return code === undefined ? undefined : Number(code)
}
