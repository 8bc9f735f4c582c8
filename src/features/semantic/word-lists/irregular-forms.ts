/** Irregular verb forms, plurals and comparatives of English, written by hand from grammar. */
import { formsOf } from './decode.js'

/** Every irregular form to its base form. `left`, `saw`, `ground` and the like read as verbs. */
export const IRREGULAR_FORMS = formsOf(`
be: am is are was were been being; have: has had having; do: does did done doing;
go: goes went gone; arise: arose arisen; awake: awoke awoken; bear: bore borne; beat: beaten;
become: became; begin: began begun; bend: bent; bet: betting; bind: bound; bite: bit bitten;
bleed: bled; blow: blew blown; break: broke broken; breed: bred; bring: brought; build: built;
burn: burnt; buy: bought; catch: caught; choose: chose chosen; cling: clung; come: came coming;
creep: crept; deal: dealt; dig: dug; draw: drew drawn; dream: dreamt; drink: drank drunk;
drive: drove driven; eat: ate eaten; fall: fell fallen; feed: fed; feel: felt; fight: fought;
find: found; flee: fled; fly: flew flown; forbid: forbade forbidden; forget: forgot forgotten;
forgive: forgave forgiven; freeze: froze frozen; get: got gotten; give: gave given; grind: ground;
grow: grew grown; hang: hung; hear: heard; hide: hid hidden; hold: held; keep: kept; kneel: knelt;
know: knew known; lay: laid; lead: led; leap: leapt; learn: learnt; leave: left; lend: lent;
lie: lay lain lying lies lied; light: lit; lose: lost; make: made; mean: meant; meet: met; mistake: mistook
mistaken; overcome: overcame; pay: paid; prove: proven; ride: rode ridden; ring: rang rung;
rise: rose risen; run: ran running; say: said; see: saw seen; seek: sought; sell: sold; send: sent;
sew: sewn; shake: shook shaken; shine: shone; shoot: shot; show: shown; shrink: shrank shrunk;
sing: sang sung; sink: sank sunk; sit: sat; sleep: slept; slide: slid; speak: spoke spoken;
speed: sped; spend: spent; spill: spilt; spin: spun; spit: spat; spoil: spoilt; spring: sprang
sprung; stand: stood; steal: stole stolen; stick: stuck; sting: stung; strike: struck stricken;
swear: swore sworn; sweep: swept; swell: swollen; swim: swam swum; swing: swung; take: took taken;
teach: taught; tear: tore torn; tell: told; think: thought; throw: threw thrown;
understand: understood; undo: undid undone; undergo: underwent undergone; wake: woke woken;
wear: wore worn; weave: wove woven; weep: wept; win: won; wind: wound; withdraw: withdrew
withdrawn; withhold: withheld; write: wrote written; die: died dies dying; tie: tied ties tying; use: used using uses;
man: men; woman: women; child: children; foot: feet; tooth: teeth; goose: geese; mouse: mice;
person: people; life: lives; wife: wives; knife: knives; leaf: leaves; half: halves; wolf: wolves;
shelf: shelves; index: indices; matrix: matrices; vertex: vertices; criterion: criteria;
phenomenon: phenomena; analysis: analyses; crisis: crises; thesis: theses; axis: axes;
`)
