/** Vectors of length 1, whose dot product is their cosine. */

/** A Float32 copy of length 1; undefined for zeros and for what holds NaN, infinities, holes or non-numbers. */
export function unitVector(values: ArrayLike<number>): Float32Array | undefined {
  const numbers = new Float64Array(values.length)
  let squares = 0
  for (let i = 0; i < numbers.length; i += 1) {
    const value: unknown = values[i]
    if (typeof value !== 'number') return undefined
    numbers[i] = value
    squares += value * value
  }
  if (!Number.isFinite(squares) || squares === 0) return undefined
  const scale = 1 / Math.sqrt(squares)
  return Float32Array.from(numbers, (value) => value * scale)
}

/** Float32 rounding stays far below the margin; NaN fails as well. */
export function hasLengthOne(vector: Float32Array): boolean {
  let squares = 0
  for (const value of vector) squares += value * value
  return Math.abs(squares - 1) < 0.01
}
