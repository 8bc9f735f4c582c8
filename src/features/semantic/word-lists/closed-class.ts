/** The closed word classes of English, written by hand from grammar. */
import { formsOf, wordSet } from './decode.js'

/** Contracted and run-together forms in full; `not` marks the negation. */
export const CONTRACTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ["can't", ['can', 'not']],
  ['cannot', ['can', 'not']],
  ["won't", ['will', 'not']],
  ["shan't", ['shall', 'not']],
  ["ain't", ['is', 'not']],
  ["let's", ['let', 'us']],
  ...[
    'do does did is are was were have has had would could should must might ca wo need dare'.split(
      ' ',
    ),
  ].flatMap((auxiliaries) =>
    auxiliaries.map((auxiliary): [string, string[]] => [
      `${auxiliary}nt`,
      [auxiliary === 'ca' ? 'can' : auxiliary === 'wo' ? 'will' : auxiliary, 'not'],
    ]),
  ),
])

/** Endings behind an apostrophe that stand for a verb of their own. */
export const CLITICS: ReadonlyMap<string, string> = new Map([
  ['ll', 'will'],
  ['re', 'are'],
  ['ve', 'have'],
  ['m', 'am'],
  ['d', 'would'],
])

/** Behind these words `'s` is the verb `is`; behind nouns it shows possession. */
export const TAKES_IS = wordSet(`
it that this there here he she what who where when why how everything something nothing everyone
someone nobody
`)

/** Of the languages written with spaces that are asked in most, beside English. */
export const NEGATIONS = wordSet(`
not no never none nobody nothing nowhere neither nor without cannot unable hardly scarcely barely
non
nicht kein keine keinen keinem keiner nie niemals nichts niemand ohne
pas jamais sans aucun aucune personne rien ne
nunca nadie nada ningún ninguno ninguna
não nem sem nenhum nenhuma ninguém
senza mai nessun nessuno nessuna
niet geen nooit zonder niemand
не нет без никогда ни
`)

/** Negations inside the unspaced runs of Chinese and Japanese, and in Korean words. */
export const NEGATIVE_PARTS = /[不没沒无無未]|ない|なく|なか|ません|없|않|못/gu

/** Verbs, prepositions and adverbs that say no without a negative word ("semi-negatives" of grammar). */
export const IMPLICIT_NEGATIONS = wordSet(`
avoid prevent refuse refrain decline deny fail lack cease quit except excluding unless minus only
`)

/** Gendered pronouns to their gender. */
export const GENDERS = formsOf('m: he him his himself; f: she her hers herself')

export const ARTICLES = wordSet('a an the')

const PREPOSITIONS = `
about above across after against along amid among around as at before behind below beneath beside
besides between beyond by despite down during for from in inside into near of off on onto opposite
out outside over past per since than through throughout till to toward towards under underneath
until up upon via with within`

const AUXILIARIES = `
am is are was were be been being do does did done doing have has had having can could may might must
shall should will would ought`

const PRONOUNS = `
i me my mine myself you your yours yourself yourselves he him his himself she her hers herself it
its itself we us our ours ourselves they them their theirs themselves one ones this that these those
who whom whose which what where when why how whoever whatever whichever whenever wherever there here
something anything everything someone anyone everyone somebody anybody everybody somewhere anywhere
everywhere each every either any some all both such same other others another`

const CONJUNCTIONS =
  'and or but nor so yet if because although though while whereas whether then thus'

/** Adverbs that add emphasis, address or courtesy and leave the question as it is. */
const EMPTY_ADVERBS = `
really truly actually literally simply just basically indeed very quite rather exactly definitely
certainly surely honestly seriously clearly obviously generally please kindly hello hi hey thanks
thank ok okay fact also too even well etc currently presently somehow apparently evidently perhaps maybe
probably possibly`

/** Words that only wrap a question (`tell me`, `I want to know`, `do you think`, `the best way to`). */
const WRAPPERS = `
tell told tells explain explained explains describe described describes give gave given gives know
known knows want wanted wants wonder wondering like liked likes let question ask asked asks think
thinks thought possible able get gets got getting help helped helps need needed needs go goes going
mean means meant way ways according`

/** Wrapping words that are verbs of their own elsewhere: who likes whom is not for everyone the same. */
export const WRAPPING_WORDS = wordSet(WRAPPERS)

/** Words that carry no content of their own. */
export const FUNCTION_WORDS = wordSet(
  [
    'a an the',
    PREPOSITIONS,
    AUXILIARIES,
    PRONOUNS,
    CONJUNCTIONS,
    EMPTY_ADVERBS,
    WRAPPERS,
    'not no never none nobody nothing nowhere neither nor without more most less least much many few',
    'now ever still already only again however therefore',
  ].join(' '),
)

/** Prepositions and comparisons that give their two sides different parts. */
export const ASYMMETRIC_RELATIONS = wordSet(`
to from before after than of by for into onto over under above below behind against on in inside at
since until through past beyond
`)

/** Predicates whose two sides may change places. */
export const SYMMETRIC_RELATIONS = wordSet(`
acquaintance friend cousin sibling spouse partner colleague roommate twin classmate rival
married engaged related connected linked joined similar equal identical equivalent same different
differ adjacent near close next beside friends neighbors neighbours compatible parallel perpendicular
far compared comparable tied bound attached meet met resemble talking speaking dating divorced
difference distance between versus vs and or with together
`)
