import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { inspect, killWriters, startWriter } from './sqlite-kill.js'

it('a process killed while it writes leaves a sound file and loses at most a second of writes', async () => {
  const report = await killWriters(4)
  expect(report).toMatchObject({ rounds: 4, torn: 0, damaged: 0 })
  expect(report.acknowledged).toBeGreaterThan(200)
  expect(report.lostMs).toBeLessThanOrEqual(1_000)
}, 60_000)

it('several processes write to one file at once, and nothing is lost', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'raptorflow-writers-'))
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const path = join(directory, 'cache.db')
  const writers = ['a', 'b', 'c'].map((name) => startWriter(path, name, 300))
  expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0])
  const { keys, torn, sound } = await inspect(path)
  expect(keys.size).toBe(900)
  expect(torn).toBe(0)
  expect(sound).toBe(true)
}, 60_000)
