/** Guard: what is quoted or written as code in one text also stands in the other. */
import type { Literals } from './text-features.js'

// Bounded repetitions: text without a closing mark costs no more than the bound for each opening one.
const QUOTED =
  /```[^`]{1,2000}```|`([^`\n]{1,200})`|"([^"\n]{1,200})"|“([^“”\n]{1,200})”|„([^„“”\n]{1,200})[“”]|«([^«»\n]{1,200})»|「([^「」\n]{1,200})」|(?<![\p{L}\p{N}])'([^'\n]{1,80})'(?![\p{L}\p{N}])/gu

/** Runs without white space; each is looked at on its own. */
const RUN = /[^\s"“”„«»「」`<>]+/g
const LONGEST_RUN = 300

const CODE_SHAPES: readonly RegExp[] = [
  /^[a-z][a-z0-9+.-]*:\/\//i, // URL
  /^[^@]+@[^@]+\.[a-z]{2,}$/i, // e-mail address
  /^--?[a-z]/i, // flag
  /^[~.]{0,2}\/[\w.-]+|^[\w.-]+\/[\w.-]+\/|\\\w/, // path
  /[a-z0-9]_[a-z0-9]/i, // snake_case
  /^\$?[a-z]+[A-Z]|^[A-Z][a-z0-9]+[A-Z]/, // camelCase, PascalCase
  /^v?\d+(?:\.\d+){2,}|^v\d/i, // version
  /[a-z]\.\w{2}/i, // dotted name: node.js, foo.bar
  /\w\(\)/, // call
  /^[a-z]+\d|^\d+[a-z]+\d/i, // sha256, gpt4
  /^[a-z]{1,3}(?:#|\+\+)/i, // C#, C++
  /[=<>|&*^{}[\]\\]./, // expression
  /^[#@.][a-z]/i, // #tag, @name, .net
]

const NONE: Literals = { quoted: [], code: [] }

export function readLiterals(text: string): Literals {
  const quoted = new Set<string>()
  for (const match of text.matchAll(QUOTED)) {
    const parts: readonly (string | undefined)[] = match.slice(1)
    quoted.add((parts.find((part) => part !== undefined) ?? match[0]).trim().toLowerCase())
  }
  const code = new Set<string>()
  for (const [run] of text.matchAll(RUN)) {
    const bare = withoutPunctuation(run)
    if (bare.length < 2 || !isCode(bare)) continue
    // People write `JavaScript` and `youtube` as they like.
    if (/^[A-Za-z]+$/.test(bare)) quoted.add(bare.toLowerCase())
    else code.add(bare)
  }
  return quoted.size + code.size === 0 ? NONE : { quoted: [...quoted], code: [...code] }
}

/** Sentence marks around a run do not belong to it. */
function withoutPunctuation(run: string): string {
  let start = 0
  let end = run.length
  while (start < end && "('[{,;!?".includes(run.charAt(start))) start += 1
  while (end > start && '.,;:!?)\'"]}'.includes(run.charAt(end - 1))) end -= 1
  return run.slice(start, end).replace(/'s$/, '')
}

function isCode(run: string): boolean {
  if (/^[a-z]+$|^[A-Z][a-z]*$/.test(run)) return false
  // A very long run is no word of any language.
  return run.length > LONGEST_RUN || CODE_SHAPES.some((shape) => shape.test(run))
}

export function literalsDiffer(a: TextWithLiterals, b: TextWithLiterals): boolean {
  if (size(a) > LOOKED_UP || size(b) > LOOKED_UP) return allOf(a) !== allOf(b)
  return hasForeign(a.literals, b) || hasForeign(b.literals, a)
}

/** Looking up each costs a walk through the other text; of more the lists must be equal. */
const LOOKED_UP = 40
const size = ({ literals }: TextWithLiterals): number =>
  literals.quoted.length + literals.code.length
const allOf = ({ literals }: TextWithLiterals): string =>
  [...literals.quoted, ...literals.code].join('\n')

interface TextWithLiterals {
  readonly text: string
  readonly literals: Literals
}

function hasForeign({ quoted, code }: Literals, other: TextWithLiterals): boolean {
  if (code.length > 0 && code.some((run) => !standsIn(run, other.text, other.literals.code)))
    return true
  if (quoted.length === 0) return false
  const folded = other.text.toLowerCase()
  return quoted.some((part) => !standsIn(part, folded, other.literals.quoted))
}

/** Whole: `--max-cost` does not stand in `--max-costs`. */
function standsIn(literal: string, text: string, known: readonly string[]): boolean {
  if (known.includes(literal)) return true
  for (let at = text.indexOf(literal); at !== -1; at = text.indexOf(literal, at + 1)) {
    if (!isPart(text, at - 1) && !isPart(text, at + literal.length)) return true
  }
  return false
}

const isPart = (text: string, at: number): boolean => /[\p{L}\p{N}_-]/u.test(text.charAt(at))
