// The rooms of src/, highest first: a file imports from its own room and from lower rooms only.
const rooms = [
  ['^src/index\\.ts$'],
  ['^src/client\\.ts$'],
  ['^src/compose\\.ts$'],
  ['^src/options\\.ts$'],
  ['^src/adapters/'],
  ['^src/testing/'],
  ['^src/jobs/'],
  ['^src/pipeline/'],
  ['^src/features/'],
  ['^src/storage/'],
  ['^src/util/'],
  ['^src/contracts/'],
  ['^src/errors\\.ts$'],
]

// A vendor package is imported in exactly one place.
const vendors = {
  '(lru-cache)': '^src/features/(cache|pricing)/',
  '(p-queue)': '^src/features/schedule/',
  '(eventemitter3)': '^src/util/emitter\\.ts$',
  '(gpt-tokenizer)': '^src/features/pricing/tokenizer\\.ts$',
  '(@pydantic/genai-prices)': '^src/features/pricing/genai-prices\\.ts$',
  '(zod)': '^src/features/request/',
  '(openai)': '^src/features/providers/openai',
  '(@anthropic-ai)': '^src/features/providers/anthropic',
  '(@google/genai)': '^src/features/providers/google',
  '(@google/generative-ai)': '^src/features/providers/google-generative-ai',
}

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...rooms.slice(1).map((lower, index) => ({
      name: `room-${String(index + 1)}-imports-upwards`,
      comment: 'Imports go downwards only: see the listing in CONTRIBUTING.md.',
      severity: 'error',
      from: { path: lower },
      to: { path: rooms.slice(0, index + 1).flat() },
    })),
    {
      name: 'features-are-islands',
      comment: 'Features meet in pipeline/ and compose.ts, never directly.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'contracts-hold-types-only',
      severity: 'error',
      from: { path: '^src/contracts/' },
      to: { dependencyTypesNot: ['type-only'] },
    },
    ...Object.entries(vendors).map(([name, home]) => ({
      name: `one-home-for-${name.replace(/[^a-z0-9-]/g, '')}`,
      severity: 'error',
      from: { path: '^src/', pathNot: home },
      to: { path: `(^|node_modules/)${name}(/|$)` },
    })),
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: '^src/index\\.ts$|^src/(contracts|testing|features/providers)/',
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
