/** Loads an optional package on first use, with an error that says what to install. */
import { RaptorflowError } from '../errors.js'

/**
 * One loader per package: `load` holds the literal `import('…')`, so that bundlers see it.
 * @throws RaptorflowError PROVIDER_UNAVAILABLE, reason `package_missing`
 */
export function lazyPackage<T>(name: string, load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => {
    loaded ??= load().catch((cause: unknown) => {
      loaded = undefined
      throw new RaptorflowError(
        'PROVIDER_UNAVAILABLE',
        `Expected the package "${name}" to be installed, but it could not be loaded. Run: npm install ${name}`,
        { details: { reason: 'package_missing', package: name }, retryable: false, cause },
      )
    })
    return loaded
  }
}
