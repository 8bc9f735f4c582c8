/** Vectors of length 1, whose dot product is their cosine. */

/** A Float32 copy of length 1; undefined for zeros and for what holds NaN, infinities or non-numbers. */
export function unitVector(values: ArrayLike<number>): Float32Array | undefined {
  let squares = 0
  for (let i = 0; i < values.length; i += 1) squares += (values[i] ?? 0) ** 2
  if (!Number.isFinite(squares) || squares === 0) return undefined
  const scale = 1 / Math.sqrt(squares)
  return Float32Array.from(values, (value) => value * scale)
}

/** Float32 rounding stays far below the margin; NaN fails as well. */
export function hasLengthOne(vector: Float32Array): boolean {
  let squares = 0
  for (const value of vector) squares += value * value
  return Math.abs(squares - 1) < 0.01
}
