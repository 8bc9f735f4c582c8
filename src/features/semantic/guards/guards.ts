/** Word-level objections to "these two questions have the same answer". */

export type GuardName =
  | 'number'
  | 'negation'
  | 'antonym'
  | 'quoted'
  | 'entity'
  | 'order'
  | 'tense'
  | 'connective'
  | 'content'

/** What the guards read of one text. Immutable: may be kept beside the text's vector. */
export interface TextFeatures {
  readonly text: string
}

export interface Guards {
  /** The first guard that objects to "these two questions have the same answer". Symmetric. */
  check(a: TextFeatures, b: TextFeatures): GuardName | undefined
}

/** Never throws, whatever the text. */
export function extractFeatures(text: string): TextFeatures {
  return { text }
}

/** All guards are on unless switched off by name. */
export function createGuards(_enabled?: {
  readonly [Name in GuardName]?: boolean | undefined
}): Guards {
  return { check: () => undefined }
}
