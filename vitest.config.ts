import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/redis-setup.ts'],
    execArgv: ['--unhandled-rejections=strict'],
    testTimeout: 20_000,
    restoreMocks: true,
    reporters: ['default'],
    coverage: { include: ['src/**'], reporter: ['text-summary'] },
  },
})
