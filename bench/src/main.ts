/** `npm run bench`: each group of measurements in a process of its own, then all findings together. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { measureBatch } from './batch.js'
import { measureCoalescing } from './coalescing.js'
import { measureHits } from './hit.js'
import { measureImports } from './import.js'
import { measureMisses } from './miss.js'
import { measureReaders } from './readers.js'
import { measureReplay } from './replay.js'
import { printFindings, printReport, type Finding, type Report } from './report.js'
import { readSettings, type Settings } from './settings.js'
import { measureStreams } from './stream.js'
import { measureTiers } from './tiers.js'

const GROUPS: Readonly<Record<string, (settings: Settings) => Promise<Report[]>>> = {
  hit: measureHits,
  miss: measureMisses,
  stream: measureStreams,
  replay: measureReplay,
  readers: measureReaders,
  import: measureImports,
  coalesce: measureCoalescing,
  batch: measureBatch,
  tiers: measureTiers,
}

async function measureOne(name: string, settings: Settings): Promise<Report[]> {
  const group = GROUPS[name]
  if (!group) throw new Error(`Expected --only to be one of ${Object.keys(GROUPS).join(', ')}`)
  const reports = await group(settings)
  for (const report of reports) printReport(report)
  return reports
}

/** A fresh process: neither another group's garbage nor what the engine learned from it. */
async function measureApart(name: string): Promise<Report[]> {
  const args = [...process.argv.slice(2), `--only=${name}`]
  const child = fork(fileURLToPath(import.meta.url), args)
  const closed = once(child, 'close')
  const [reports] = (await Promise.race([once(child, 'message'), closed])) as [Report[] | number]
  await closed
  if (typeof reports === 'number') throw new Error(`The group ${name} ended with ${reports}`)
  return reports
}

const settings = readSettings()
if (settings.only === undefined) {
  const load = (loadavg()[0] ?? NaN).toFixed(1)
  console.log(`Node ${process.version}, ${cpus().length} cores, load average ${load} at the start`)
  const findings: Finding[] = []
  for (const name of Object.keys(GROUPS)) {
    for (const report of await measureApart(name)) findings.push(...report.findings)
  }
  console.log('\nAll findings')
  printFindings(findings)
} else {
  const reports = await measureOne(settings.only, settings)
  process.send?.(reports)
}
