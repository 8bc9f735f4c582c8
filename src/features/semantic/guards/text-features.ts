/** What the guards read of one text. Types only. */
import type { Word } from './words.js'

export interface NumberFeatures {
  /** All quantities in order of their spelling, one text. */
  readonly quantities: string
  /** The same with the word `one` counted, which is more often a pronoun than a number. */
  readonly withOnes: string
  /** Units that stand without a number: `how many hours`. */
  readonly units: string
}

export interface Literals {
  /** Quoted parts, case folded: prose is quoted as well as code. */
  readonly quoted: readonly string[]
  /** Paths, addresses, versions, flags and identifiers, letter by letter. */
  readonly code: readonly string[]
}

export interface Negation {
  /** Stem of the next content word; empty at the end of the clause. */
  readonly of: string
  /** Nothing but an article or `to` stands between: `not happy`, `not to smoke`. */
  readonly direct: boolean
}

export type NegationFeatures = readonly Negation[]

export interface AntonymFeatures {
  /** Particles with the content word beside them: `log+in`, `from+paris`. */
  readonly particles: ReadonlySet<string>
  /** Stems compared upwards (`more happy`) and downwards (`less happy`). */
  readonly more: ReadonlySet<string>
  readonly less: ReadonlySet<string>
}

export interface EntityFeatures {
  /** Stems of the names, each once. */
  readonly names: readonly string[]
  /** Genders of the pronouns, in their order. */
  readonly genders: string
}

export interface Passive {
  readonly verb: string
  readonly agent: string
  readonly patient: string
}

export interface OrderFeatures {
  /** Content words, numbers and asymmetric relations in their order; repeated ones are numbered. */
  readonly sequence: readonly string[]
  readonly position: ReadonlyMap<string, number>
  /** Of `the farm was remembered by Tim`. */
  readonly passive: Passive | undefined
  /** Has a form of `be` directly before a participle, with an agent or without. */
  readonly isPassive: boolean
  /** Two content words side by side, as `dog+food`; none where words are listed or likened. */
  readonly compounds: ReadonlySet<string>
}

export interface TenseFeatures {
  /** Marks that change the question wherever they stand: former, becoming, about to. */
  readonly marks: string
  /** `will` and `shall`. */
  readonly isFuture: boolean
  readonly isPast: boolean
  readonly isPresent: boolean
  /** Has a form of `be` that can only be present. */
  readonly isNow: boolean
}

export interface ConnectiveFeatures {
  readonly ands: number
  readonly ors: number
}

/** Immutable: may be kept beside the text's vector. */
export interface TextFeatures {
  readonly text: string
  /** Words, each stem once. */
  readonly distinct: readonly Word[]
  readonly stems: ReadonlySet<string>
  /** See content.ts. */
  readonly sequence: readonly string[]
  readonly numbers: NumberFeatures
  readonly literals: Literals
  readonly negations: NegationFeatures
  readonly antonyms: AntonymFeatures
  readonly entities: EntityFeatures
  readonly order: OrderFeatures
  readonly tense: TenseFeatures
  readonly connectives: ConnectiveFeatures
}
