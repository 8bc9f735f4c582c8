/** Opposites among function words, and prefixes that turn a word round; written by hand. */
import { once } from '../../../util/once.js'
import { words, wordSet } from './decode.js'

/** WordNet has hardly any function words: `left side / right side`, all of one side against all of the other. */
const FUNCTION_WORD_OPPOSITES = `
before / after; during while / before after; more most / less least fewer fewest; above over / below under beneath underneath;
inside / outside; always / never rarely seldom; all every everyone everybody everything / none nobody
nothing no some someone; many much / few little; often usually frequently / rarely seldom never;
until till / since; both / neither; early / late; former / latter; for pro / against anti;
with / without; true / false; yes / no; max maximum maximal / min minimum minimal; can / cannot;
best / worst; better / worse; first / last; who / whom; enter / exit leave; left / right;
bigger larger / smaller; higher / lower; taller longer / shorter; older / younger newer;
faster quicker / slower; cheaper / costlier; biggest largest / smallest; highest / lowest;
tallest longest / shortest; oldest / youngest newest; fastest quickest / slowest; hotter warmer /
colder cooler; hottest warmest / coldest coolest; stronger / weaker; strongest / weakest; heavier /
lighter; heaviest / lightest; earlier sooner / later; earliest / latest; easier / harder; easiest /
hardest; richer / poorer; safer / riskier; nearer closer / farther further; deposit / withdraw;
read / write; sync / async; public / private; local / remote global; sender / recipient receiver;
male / female; he / she; him / her; next / previous; pros / cons; gain / lose; winner / loser`

/** Opposed where the same word stands beside them: `log in / log out`, `from Paris / to Paris`. */
const PARTICLE_OPPOSITES =
  'in / out; into / out; on / off; up / down; from / to; onto / off; for / against'

type Opposites = ReadonlyMap<string, ReadonlySet<string>>

function readOpposites(text: string): Opposites {
  const opposites = new Map<string, Set<string>>()
  const add = (from: readonly string[], to: readonly string[]): void => {
    for (const word of from) {
      const known = opposites.get(word) ?? new Set<string>()
      for (const other of to) known.add(other)
      opposites.set(word, known)
    }
  }
  for (const row of text.split(';')) {
    const [left = [], right = []] = row.split('/').map(words)
    add(left, right)
    add(right, left)
  }
  return opposites
}

export const functionWordOpposites = once(() => readOpposites(FUNCTION_WORD_OPPOSITES))
export const particleOpposites = once(() => readOpposites(PARTICLE_OPPOSITES))

/** `happy / unhappy`: the word and its own negative. */
export const NEGATIVE_PREFIXES = wordSet('un in im il ir dis non anti de mis a ab counter')

/** `import / export`: the same rest behind opposed beginnings. */
export const OPPOSED_PREFIXES: readonly (readonly [string, string])[] = [
  ['up', 'down'],
  ['in', 'out'],
  ['im', 'ex'],
  ['in', 'ex'],
  ['over', 'under'],
  ['pre', 'post'],
  ['en', 'de'],
  ['in', 'de'],
  ['maxi', 'mini'],
  ['max', 'min'],
  ['hyper', 'hypo'],
  ['macro', 'micro'],
  ['mono', 'poly'],
  ['inter', 'intra'],
  ['hetero', 'homo'],
  ['super', 'sub'],
  ['pro', 'anti'],
  ['multi', 'single'],
  ['front', 'back'],
  ['ante', 'post'],
  ['en', 'dis'],
  ['as', 'dis'],
]

/** `careful / careless`, `employer / employee`. */
export const OPPOSED_SUFFIXES: readonly (readonly [string, string])[] = [
  ['ful', 'les'],
  ['er', 'ee'],
  ['or', 'ee'],
]
