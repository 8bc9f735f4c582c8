/** Runs what must be refused. */
import { expect } from 'vitest'
import { RaptorflowError } from '../../../src/errors.js'

/** The error, which is a `RaptorflowError` without a cause and nothing else. */
export function failure(run: () => unknown): RaptorflowError {
  let thrown: unknown
  try {
    run()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(RaptorflowError)
  const error = thrown as RaptorflowError
  expect(error.code).toBe('INVALID_REQUEST')
  expect(error.cause).toBeUndefined()
  return error
}
