/** Reading options that may be anything: getters and proxies that throw included. */
import { RaptorflowError } from '../errors.js'

/**
 * Builds from the caller's options; whatever a strange one makes fail is a bad option.
 * @param what whose options these are, for instance `redis()`
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function configured<T>(what: string, build: () => T): T {
  try {
    return build()
  } catch (error) {
    if (isOwn(error)) throw error
    throw new RaptorflowError(
      'INVALID_REQUEST',
      `Expected the options of ${what} to have their documented types, but reading them failed. Compare them with its documentation.`,
      { details: { field: 'options', validation: 'option', reason: 'configuration' } },
    )
  }
}

/** Anything can be thrown, a proxy whose traps throw included. */
function isOwn(error: unknown): boolean {
  try {
    return RaptorflowError.isInstance(error) && error instanceof Error
  } catch {
    return false
  }
}
