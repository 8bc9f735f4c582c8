/** A text as words: what the embedder counts and what its table was counted in. */

/**
 * A word keeps signs that are part of a name (`c++`, `c#`); other symbols stand for themselves, since
 * `2 + 2` is not `2 * 2`. Ordinary punctuation is dropped.
 */
const WORD = /[\p{L}\p{M}\p{N}]+[+#]*|[^\s\p{L}\p{M}\p{N}.,;:?!'"“”‘’()[\]…–—-]+/gu

/** Lower-cased words in their order; compatibility forms (full width, ligatures) as plain ones. */
export function wordsOf(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? []
}
