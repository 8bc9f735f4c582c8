/** Cuts text into pieces a tokenizer can take without blocking, where its own rules cut anyway. */

/**
 * UTF-16 units a piece has at most. Merging is quadratic in an unbroken run: 256 units (768 bytes)
 * stay under 5 ms, 64 K of one letter take seconds.
 */
export const SLICE_UNITS = 256

export interface TextSlice {
  readonly text: string
  /** False when an unbroken run was longer than a piece: its count may be off by a token or two. */
  readonly exact: boolean
}

/**
 * Between a letter or digit and something that cannot continue it, both of OpenAI's splitting
 * patterns (cl100k_base, o200k_base) always end a piece and never look back: counts of the parts add
 * up to the count of the whole. Marks continue letters in o200k_base, an apostrophe may begin a
 * contraction.
 */
const BOUNDARY = /\p{L}(?=[^\p{L}\p{M}'])|\p{N}(?=[^\p{N}\p{M}])/gu

/** Pieces of at most `SLICE_UNITS`, together the text. */
export function* sliceText(text: string): Generator<TextSlice> {
  let start = 0
  while (text.length - start > SLICE_UNITS) {
    const boundary = lastBoundary(text, start, start + SLICE_UNITS)
    const end = boundary ?? wholeCharacter(text, start + SLICE_UNITS)
    yield { text: text.slice(start, end), exact: boundary !== undefined }
    start = end
  }
  if (start < text.length) yield { text: text.slice(start), exact: true }
}

/** The last place in (start, end] to cut at. */
function lastBoundary(text: string, start: number, end: number): number | undefined {
  for (let at = end; at > start + 1; at -= 1) {
    if (text.charCodeAt(at) === 0x20 && isAsciiWord(text.charCodeAt(at - 1))) return at
  }
  let last: number | undefined
  // One character more than the piece, for the pattern to look at.
  const window = text.slice(start, wholeCharacter(text, end + 2))
  for (const match of window.matchAll(BOUNDARY)) {
    const at = start + match.index + match[0].length
    if (at <= end) last = at
  }
  return last
}

/** `at`, or one less where that would split a surrogate pair. */
function wholeCharacter(text: string, at: number): number {
  const before = text.charCodeAt(at - 1)
  return before >= 0xd800 && before <= 0xdbff && at < text.length ? at - 1 : at
}

function isAsciiWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39)
  )
}
