/** Work that waits for its first use. */

/** Runs `make` at the first call and gives its result to every call. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
