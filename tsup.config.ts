import { defineConfig, type Options } from 'tsup'

const entry = {
  index: 'src/index.ts',
  'providers/openai': 'src/features/providers/openai.ts',
  'providers/anthropic': 'src/features/providers/anthropic.ts',
  'providers/google': 'src/features/providers/google.ts',
  'providers/google-generative-ai': 'src/features/providers/google-generative-ai.ts',
  'providers/openai-compatible': 'src/features/providers/openai-compatible.ts',
  'cache/redis': 'src/features/cache/redis-tier.ts',
  'cache/sqlite': 'src/features/cache/sqlite-tier.ts',
  'cache/keyv': 'src/features/cache/keyv-tier.ts',
  'embedders/openai': 'src/features/providers/openai-embedder.ts',
  'embedders/local': 'src/features/semantic/local-embedder.ts',
  'testing/index': 'src/testing/index.ts',
}

const shared: Options = {
  entry,
  target: 'node20',
  platform: 'node',
  // One copy of the error class for all entries of a format.
  splitting: true,
  sourcemap: true,
  treeshake: true,
  clean: false,
  // One zod only; p-queue is ESM-only, which Jest cannot require; and resolving three small packages
  // takes longer than all of the rest of an import.
  noExternal: ['zod', 'p-queue', 'p-timeout', 'eventemitter3'],
}

export default defineConfig([
  { ...shared, format: 'esm', dts: true },
  {
    ...shared,
    format: 'cjs',
    dts: { resolve: false },
    esbuildOptions: (options) => {
      // Jest's CommonJS sandbox has no import(): lazy packages are required instead.
      options.supported = { ...options.supported, 'dynamic-import': false }
      // Where CommonJS has none, local-embedder.ts asks for `__filename`.
      options.logOverride = { ...options.logOverride, 'empty-import-meta': 'silent' }
    },
  },
])
