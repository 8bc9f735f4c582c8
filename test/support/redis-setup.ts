/** Finds or starts the Redis the suites share, once for each run of vitest. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { hasRedisServer, startRedis } from './redis-server.js'
import type {} from './redis.js'

export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['REDIS_URL']
  if (given !== undefined && given !== '') {
    provide(project, given, '')
    return undefined
  }
  const missing = hasRedisServer() ? '' : installRedis()
  if (missing === '') {
    try {
      const server = await startRedis()
      provide(project, server.url, '')
      return () => server.close()
    } catch (error) {
      skip(project, String(error))
      return undefined
    }
  }
  skip(project, missing)
  return undefined
}

function provide(project: TestProject, url: string, missing: string): void {
  project.provide('redisUrl', url)
  project.provide('redisMissing', missing)
}

function skip(project: TestProject, reason: string): void {
  const consequence = process.env['CI'] === 'true' ? 'FAIL' : 'ARE SKIPPED'
  console.warn(`\n*** The Redis suites ${consequence}: ${reason}\n`)
  provide(project, '', reason)
}

/** Why it could not be installed, or nothing. */
function installRedis(): string {
  const hint = 'Set REDIS_URL, or put redis-server on PATH'
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    return `there is no redis-server here. ${hint}.`
  }
  console.warn('\n*** Installing redis-server for the tests (apt-get).\n')
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const words of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
    spawnSync('apt-get', words, { stdio: 'ignore', timeout: 180_000, env: environment })
  }
  return hasRedisServer() ? '' : `apt-get could not install redis-server. ${hint}.`
}
