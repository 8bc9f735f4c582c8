/** Each guard on pairs of its own: what it refuses, and what it has to let through. */
import { describe, expect, it } from 'vitest'
import {
  createGuards,
  extractFeatures,
  type GuardName,
} from '../../../../src/features/semantic/guards/guards.js'

type Pairs = readonly (readonly [string, string])[]

const all: readonly GuardName[] = [
  'number',
  'negation',
  'antonym',
  'quoted',
  'entity',
  'order',
  'tense',
  'connective',
  'content',
]

/** The guard alone. */
const only = (name: GuardName) =>
  createGuards(Object.fromEntries(all.map((other) => [other, other === name])))

const asked = (guards: ReturnType<typeof only>, [a, b]: readonly [string, string]) =>
  guards.check(extractFeatures(a), extractFeatures(b))

const REFUSED: Readonly<Record<GuardName, Pairs>> = {
  number: [
    ['How do I lose 5 kg in a month?', 'How do I lose 15 kg in a month?'],
    ['What is 12 percent of 300?', 'What is 15% of 300?'],
    ['Convert 5 miles to feet', 'Convert 5 km to feet'],
    ['Who was the third president?', 'Who was the second president?'],
    ['Who was the 3rd president?', 'Who was the 4th president?'],
    ['Is two cups a day safe?', 'Is four cups a day safe?'],
    ['Laptops under $500', 'Laptops under €500'],
    ['Laptops under $500', 'Laptops under $1500'],
    ['News of January 5, 2024', 'News of May 1, 2024'],
    ['Logs of 2024-01-05', 'Logs of 2024-05-01'],
    ['Is python 3.1 supported?', 'Is python 3.10 supported?'],
    ['Meet at 10am or 3pm?', 'Meet at 10am or 4pm?'],
    ['How many hours does it need?', 'How many minutes does it need?'],
    ['What happened in March 2020?', 'What happened in April 2020?'],
    ['Is half a tablet enough?', 'Is a quarter tablet enough?'],
    ['twenty five years', 'twenty six years'],
    ['ما هو ٥ + ٣', 'ما هو ٥ + ٤'],
    ['１２個のりんご', '１３個のりんご'],
    ['三个苹果多少钱', '五个苹果多少钱'],
    ['१० रुपये', '११ रुपये'],
    ['When did World War II end?', 'When did World War I end?'],
    ['My child is 3 years old', 'My child is 3 months old'],
  ],
  negation: [
    ['Which foods are safe for dogs?', 'Which foods are not safe for dogs?'],
    ['Why does my code run?', "Why doesn't my code run?"],
    ['Should I reply to this mail?', 'Should I never reply to this mail?'],
    ['Can I bake bread with yeast?', 'Can I bake bread without yeast?'],
    ['How can I start a fight?', 'How can I avoid starting a fight?'],
    ['Who has an account?', 'Who has no account?'],
    ['Is it wise not to sell now?', 'Is it not wise to sell now?'],
    ['Only Ann ate cake?', 'Ann only ate cake?'],
    ['Can members book a court?', 'Can only members book a court?'],
    ['Ist das gesund?', 'Ist das nicht gesund?'],
    ['这安全吗', '这不安全吗'],
    ['これは食べられる', 'これは食べられない'],
    ['I dont see the button', 'I see the button'],
    ['Tell me what everyone except Ann said', 'Tell me what everyone and Ann said'],
  ],
  antonym: [
    ['What is the cheapest phone?', 'What is the most expensive phone?'],
    ['How do I increase my heart rate?', 'How do I decrease my heart rate?'],
    ['What are the advantages of React?', 'What are the disadvantages of React?'],
    ['How do I install the driver?', 'How do I uninstall the driver?'],
    ['How to encrypt a file', 'How to decrypt a file'],
    ['How do I log in?', 'How do I log out?'],
    ['Turn the heating on', 'Turn the heating off'],
    ['Flights from Oslo on Friday', 'Flights to Oslo on Friday'],
    ['Is it always raining there?', 'Is it never raining there?'],
    ['Is the minimum salary taxed?', 'Is the maximum salary taxed?'],
    ['Do all birds fly?', 'Do some birds fly?'],
    ['How do I make my dog more careful?', 'How do I make my dog more careless?'],
    ['Is it safe during pregnancy?', 'Is it safe after pregnancy?'],
    ['What is the boiling point of water?', 'What is the freezing point of water?'],
    ['Is the glass half full?', 'Is the glass half empty?'],
    ['What should I eat before a run?', 'What should I eat after a run?'],
    ['Why are my tomatoes so small?', 'Why are my tomatoes so large?'],
    ['How can I be happy at work?', 'How can I be unhappy at work?'],
    ['Can the employer end the contract?', 'Can the employee end the contract?'],
    ['Should I buy this stock?', 'Should I sell this stock?'],
    ['How do I download a report?', 'How do I upload a report?'],
  ],
  quoted: [
    ['What does `git reset` do?', 'What does `git revert` do?'],
    ['What does "break a leg" mean?', 'What does "spill the beans" mean?'],
    ['What is --max-cost for?', 'What is --max-heads for?'],
    ['Explain the field user_id', 'Explain the field user_name'],
    ['How do I call getUser?', 'How do I call setUser?'],
    ['What is in /etc/hosts?', 'What is in /etc/passwd?'],
    ['Summarise https://example.com/a', 'Summarise https://example.com/b'],
    ['Is ann@example.com valid?', 'Is bob@example.com valid?'],
    ['What is new in v1.2.3?', 'What is new in v1.3.2?'],
    ['Is sha256 still safe?', 'Is md5 still safe?'],
    ['Read a file in C#', 'Read a file in C++'],
    ['Translate “gato” please', 'Translate “perro” please'],
    ['переведи «кот»', 'переведи «пёс»'],
    ['「猫」は何ですか', '「犬」は何ですか'],
  ],
  entity: [
    ['What is the capital of Norway?', 'What is the capital of Sweden?'],
    ['what is the capital of norway', 'what is the capital of sweden'],
    ['Who is Ada Lovelace?', 'Who is Grace Hopper?'],
    ['Oslo weather tomorrow', 'Bergen weather tomorrow'],
    ['Is he older than her?', 'Is she older than him?'],
    ['How do I cook for his mother?', 'How do I cook for her mother?'],
    ['When Ann met Bo, was his dog there?', "When Ann met Bo, was Ann's dog there?"],
    ['How do I deploy to Kubernetes?', 'How do I deploy to Heroku?'],
    ['How do I install Node?', 'How do I install Node on Ubuntu?'],
  ],
  order: [
    [
      'Does the law protect tenants from landlords?',
      'Does the law protect landlords from tenants?',
    ],
    ['How do I convert euros to dollars?', 'How do I convert dollars to euros?'],
    ['Is Ann taller than Bo?', 'Is Bo taller than Ann?'],
    ['Did the cat chase the dog?', 'Did the dog chase the cat?'],
    ['Did the cat chase the dog?', 'Was the cat chased by the dog?'],
    ['Can I drink milk before coffee?', 'Can I drink coffee before milk?'],
    ['What is a house boat?', 'What is a boat house?'],
    ['Is 5 greater than 3?', 'Is 3 greater than 5?'],
    ['Does heat cause pressure?', 'Does pressure cause heat?'],
    ['Flights from Oslo to Rome', 'Flights from Rome to Oslo'],
    ['Convert 10 USD to EUR', 'Convert 10 EUR to USD'],
    ['Did Germany invade Poland?', 'Did Poland invade Germany?'],
    ['Why does Ann like Bo?', 'Why does Bo like Ann?'],
  ],
  tense: [
    ['Is she a teacher?', 'Did she use to be a teacher?'],
    ['They live in Rome', 'They used to live in Rome'],
    ['Is it cold in here?', 'Is it getting cold in here?'],
    ['Is the shop open?', 'Will the shop be open?'],
    ['Is the shop open?', 'Was the shop open?'],
    ['Who is the mayor?', 'Who was the mayor?'],
    ['Does he own a car?', 'Did he own a car?'],
    ['Is it raining?', 'Is it going to rain?'],
    ['She had a licence, so can she drive?', 'She has a licence, so can she drive?'],
  ],
  connective: [
    ['Can I pay by card or cash?', 'Can I pay by card and cash?'],
    ['Rooms with a view and a bath', 'Rooms with a view or a bath'],
  ],
  content: [
    ['Can I feed my parrot bread?', 'Can I feed my hamster bread?'],
    ['I broke my toe last week. Can I run?', 'I broke my wrist last week. Can I run?'],
    ['What is the best sauce for pasta?', 'What is the best wine for pasta?'],
    ['how do i renew my passport', 'how do i renew my licence'],
    ['who is jacob cox', 'who is anna lee'],
    ['Write a poem about rivers', 'Write a song about rivers'],
  ],
}

const LET_THROUGH: Pairs = [
  ['How do I lose five kilos?', 'How do I lose 5 kg?'],
  ['Laptops under $1,000', 'Laptops under 1000 dollars'],
  ['What happened on January 5th, 2024?', 'What happened on 5 January 2024?'],
  ['What happened on 2024-01-05?', 'What happened on Jan 5, 2024?'],
  ['Is one pill a day enough?', 'Is 1 pill a day enough?'],
  ['When did World War II end?', 'When did World War 2 end?'],
  ['How far is Oslo from Rome?', 'How far is Rome from Oslo?'],
  ['Is it safe to eat raw eggs?', 'Is eating raw eggs safe?'],
  ['What are the symptoms of the flu?', 'What are flu symptoms?'],
  ['How to boil an egg?', 'How can I boil eggs?'],
  ['¿Cuál es la capital de Francia?', 'cuál es la capital de francia'],
  ['Who wrote Emma?', 'Who is the author of Emma?'],
  ['Which one is better?', 'Which is better?'],
  ['twenty-five thousand people', '25,000 people'],
  ['Who was the third president?', 'Who was the 3rd president?'],
  ['Is 5 percent a lot?', 'Is 5% a lot?'],
  ['Meet at 10:00 am?', 'Meet at 10am?'],
  ["Why can't I log in?", 'Why can I not log in?'],
  ['Why dont my tomatoes grow?', "Why don't my tomatoes grow?"],
  ["What's the capital of Norway?", 'What is the capital of Norway?'],
  ['What is the capital of Norway?', 'Tell me the capital of Norway'],
  ['How do I sort a list in Python?', 'In Python, how do I sort a list?'],
  ['How can I get from Oslo to Rome?', 'How can I get to Rome from Oslo?'],
  ['Is Ann married to Bo?', 'Is Bo married to Ann?'],
  [
    'What is the difference between tea and coffee?',
    'What is the difference between coffee and tea?',
  ],
  ['Should I learn Rust or Go?', 'Should I learn Go or Rust?'],
  ['Did the cat chase the dog?', 'Was the dog chased by the cat?'],
  ['How do I become less dependent on coffee?', 'How do I become more independent on coffee?'],
  ['Is this plant not safe for cats?', 'Is this plant unsafe for cats?'],
  ['How long will it take?', 'How long does it take?'],
  ['How do I start a business?', 'How do I begin a business?'],
  ['How do I buy a car?', 'How can I purchase a car?'],
  ['Is it really safe?', 'Is it safe?'],
  ['How do I cook rice', 'How To Cook Rice'],
  ['how do i use javascript promises', 'How do I use JavaScript promises?'],
  ['Please explain what `x` does', 'What does `x` do?'],
  ['What does "ennui" mean?', 'What is the meaning of ennui?'],
  ['What colour is the sky?', 'What color is the sky?'],
  ["What is Ann's job?", 'What is the job of Ann?'],
  ['I want to know how vaccines work', 'How do vaccines work?'],
]

describe.each(all)('the %s guard', (name) => {
  it.each(REFUSED[name])('refuses "%s" for "%s"', (a, b) => {
    expect(asked(only(name), [a, b])).toBe(name)
    expect(asked(only(name), [b, a])).toBe(name)
  })

  it('can be switched off', () => {
    const off = createGuards({ [name]: false })
    for (const pair of REFUSED[name]) expect(asked(off, pair)).not.toBe(name)
  })
})

describe('all guards together', () => {
  it.each(LET_THROUGH)('let "%s" answer "%s"', (a, b) => {
    expect(asked(createGuards(), [a, b])).toBeUndefined()
    expect(asked(createGuards(), [b, a])).toBeUndefined()
  })

  it('refuse an additional content word only where the content guard is strict', () => {
    const pair = ['Is this a good knife?', 'Is this a good bread knife?'] as const
    expect(asked(createGuards(), pair)).toBeUndefined()
    expect(asked(createGuards({ content: 'strict' }), pair)).toBe('content')
  })
})
