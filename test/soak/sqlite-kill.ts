/**
 * Kills a process while it writes to a SQLite cache, again and again, and looks at what is left:
 * `tsx test/soak/sqlite-kill.ts [rounds]`.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { loadSqliteDriver } from '../../src/storage/sqlite-driver.js'
import { answerText } from './sqlite-answer.js'

export interface KillReport {
  readonly rounds: number
  readonly acknowledged: number
  readonly lost: number
  /** Milliseconds from the oldest lost write to the kill, the worst of all rounds. */
  readonly lostMs: number
  /** Entries that are in the file and cannot be read, or hold another answer. */
  readonly torn: number
  /** Rounds after which the file could not be opened, was damaged, or had wrong totals. */
  readonly damaged: number
}

const WRITER = fileURLToPath(new URL('sqlite-writer.ts', import.meta.url))
/** Longer than the second of writes that may be lost. */
const LEAST_RUN_MS = 1_200

/** @param count writes everything and ends by itself, when given */
export function startWriter(path: string, name: string, count?: number) {
  const args = ['--import', 'tsx', WRITER, path, name, ...(count === undefined ? [] : [`${count}`])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  let onFirst: () => void
  const started = new Promise<void>((resolve) => (onFirst = resolve))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    onFirst()
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  /** Keys with the time each was accepted; a line that was cut off does not count. */
  const acknowledged = (): Map<string, number> =>
    new Map(
      printed
        .split('\n')
        .slice(0, -1)
        .map((line) => line.split(' '))
        .map(([key = '', time]) => [key, Number(time)]),
    )
  return { child, started, ended, acknowledged }
}

/** Integrity, totals that equal what is there, and every entry the answer of its key. */
export async function inspect(
  path: string,
): Promise<{ keys: Set<string>; torn: number; sound: boolean }> {
  const tier = sqlite({ path })
  await tier.get('open')
  const stats = tier.stats()
  const file = (await loadSqliteDriver()).open(path)
  const rows = file.prepare('SELECT key FROM meta').all()
  const sums = file.prepare('SELECT count(*) AS n, sum(size) AS size FROM meta').get()
  const check = file.prepare('PRAGMA integrity_check').get()
  const orphans = file
    .prepare('SELECT count(*) AS n FROM blob WHERE id NOT IN (SELECT id FROM meta)')
    .get()
  file.close()
  const keys = new Set<string>()
  let torn = 0
  for (const row of rows) {
    const key = String(row['key'])
    const found = await tier.get(key)
    if (found?.answer.text === answerText(key)) keys.add(key)
    else torn += 1
  }
  await tier.close?.()
  const sound =
    stats.enabled &&
    check?.['integrity_check'] === 'ok' &&
    orphans?.['n'] === 0 &&
    stats.entries === sums?.['n'] &&
    stats.bytes === (sums['size'] ?? 0)
  return { keys, torn, sound }
}

export async function killWriters(rounds: number): Promise<KillReport> {
  const directory = mkdtempSync(join(tmpdir(), 'raptorflow-kill-'))
  const path = join(directory, 'cache.db')
  const report = { rounds, acknowledged: 0, lost: 0, lostMs: 0, torn: 0, damaged: 0 }
  try {
    for (let round = 0; round < rounds; round += 1) {
      const writer = startWriter(path, `round${round}`)
      await writer.started
      await wait(LEAST_RUN_MS + (round % 7) * 37)
      writer.child.kill('SIGKILL')
      const killed = Date.now()
      await writer.ended
      const { keys, torn, sound } = await inspect(path)
      report.torn += torn
      report.damaged += sound ? 0 : 1
      for (const [key, time] of writer.acknowledged()) {
        report.acknowledged += 1
        if (keys.has(key)) continue
        report.lost += 1
        report.lostMs = Math.max(report.lostMs, killed - time)
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return report
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const report = await killWriters(Number(process.argv[2] ?? 30))
  console.log(report)
  const failed = report.torn > 0 || report.damaged > 0 || report.lostMs > 1_000
  process.exitCode = failed ? 1 : 0
}
