import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { RaptorflowError } from '../../../src/errors.js'
import type { SharedChunk } from '../../../src/contracts/stream.js'
import {
  SponsorRefusal,
  type Boarding,
  type FlightControl,
  type Flights,
  type Launch,
  type Passenger,
} from '../../../src/features/dedup/flight.js'
import { createFlights } from '../../../src/features/dedup/flights.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

/** What a launch does: some pieces, then an end. A stalled one waits for its signal, or for ever. */
interface Script {
  readonly pieces: number
  readonly end: 'resolve' | 'fail' | 'refuse' | 'stall' | 'deaf'
}

/** A caller: joins when the scheduler says so, reads or not, and perhaps leaves later. */
interface Caller {
  readonly key: 'a' | 'b' | undefined
  readonly mode: 'unary' | 'stream'
  readonly reads: 'nothing' | 'all' | 'slowly' | 'twice'
  readonly leaves: boolean
  readonly script: Script
}

interface Reading {
  readonly seen: SharedChunk[]
  ending: 'done' | Error | undefined
}

interface Rider {
  readonly caller: Caller
  readonly passenger: Passenger
  readonly boarding: Boarding<string>
  readonly group: Group
  readonly reason: RaptorflowError
  readonly readings: Reading[]
  outcome: { readonly result: string } | { readonly error: Error } | undefined
  leftBeforeEnd: boolean
}

interface LaunchRecord {
  readonly sponsor: Rider
  readonly flight: FlightControl<Passenger>
  text: string
  state: 'running' | 'resolved' | 'failed' | 'refused' | 'aborted'
  error: Error | undefined
}

/** The riders of one flight, as the test knows them from `joined`. */
interface Group {
  readonly key: string | undefined
  readonly riders: Rider[]
  readonly launches: LaunchRecord[]
}

const script: fc.Arbitrary<Script> = fc.record({
  pieces: fc.integer({ min: 0, max: 3 }),
  end: fc.constantFrom('resolve', 'fail', 'refuse', 'stall', 'deaf'),
})
const caller: fc.Arbitrary<Caller> = fc.record({
  key: fc.constantFrom('a', 'a', 'a', 'b', undefined),
  mode: fc.constantFrom('unary', 'stream'),
  reads: fc.constantFrom('nothing', 'all', 'slowly', 'twice'),
  leaves: fc.boolean(),
  script,
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One run of a random mix under one random order of everything that waits. */
class Simulation {
  readonly flights: Flights<Passenger, string>
  readonly riders: Rider[] = []
  readonly groups: Group[] = []
  readonly #scheduler: fc.Scheduler
  readonly #latest = new Map<string, Group>()

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler
    this.flights = createFlights({ clock: new FakeClock(), finalText: (result) => result })
  }

  async run(callers: readonly Caller[]): Promise<void> {
    const arrivals = callers.map(async (each, index) => {
      await this.#step(`join ${String(index)}`)
      const rider = this.#join(each, index)
      if (!each.leaves) return
      await this.#step(`leave ${String(index)}`)
      this.#leave(rider)
    })
    await this.#scheduler.waitFor(Promise.all(arrivals))
    await this.#quiet()
    // Upstreams that stall keep their passengers waiting: let those leave, in a random order.
    const waiting = this.riders.filter(({ outcome }) => !outcome)
    const departures = waiting.map(async (rider) => {
      await this.#step(`give up ${rider.passenger.id}`)
      this.#leave(rider)
    })
    await this.#scheduler.waitFor(Promise.all(departures))
    await this.#quiet()
  }

  async #quiet(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      await this.#scheduler.waitIdle()
      await turn()
    }
  }

  async #step(label: string): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), label)
    this.checkLaunches()
  }

  #join(each: Caller, index: number): Rider {
    const passenger = { id: String(index), mode: each.mode, deadline: 1_000, priority: 5 }
    const launch: Launch<Passenger, string> = (flight, sponsor) => {
      const rider = this.riders.find(({ passenger: { id } }) => id === sponsor.id)
      if (!rider) throw new Error('an unknown sponsor')
      return this.#launch(flight, rider)
    }
    const boarding = this.flights.board(each.key, passenger, launch)
    const known = boarding.joined && each.key !== undefined ? this.#latest.get(each.key) : undefined
    const group = known ?? { key: each.key, riders: [], launches: [] }
    if (!known) {
      expect(boarding.joined).toBe(false)
      this.groups.push(group)
      if (each.key !== undefined) this.#latest.set(each.key, group)
    }
    const reason = new RaptorflowError('ABORTED', `caller ${String(index)} left`)
    const rider: Rider = {
      ...{ caller: each, passenger, boarding, group, reason },
      ...{ readings: [], outcome: undefined, leftBeforeEnd: false },
    }
    group.riders.push(rider)
    this.riders.push(rider)
    boarding.result().then(
      (result) => (rider.outcome ??= { result }),
      (error: unknown) => (rider.outcome ??= { error: error as Error }),
    )
    const readers = { nothing: 0, all: 1, slowly: 1, twice: 2 }[each.reads]
    for (let i = 0; i < readers; i++) void this.#read(rider)
    return rider
  }

  async #read(rider: Rider): Promise<void> {
    const reading: Reading = { seen: [], ending: undefined }
    rider.readings.push(reading)
    try {
      for await (const chunk of rider.boarding.chunks()) {
        reading.seen.push(chunk)
        if (rider.caller.reads === 'slowly') await this.#step(`read on ${rider.passenger.id}`)
      }
      reading.ending = 'done'
    } catch (error) {
      reading.ending = error as Error
    }
  }

  #leave(rider: Rider): void {
    if (rider.outcome) return
    const launch = rider.group.launches.at(-1)
    const ended = launch?.state === 'resolved' || launch?.state === 'failed'
    rider.leftBeforeEnd = !ended
    rider.boarding.leave(rider.reason)
  }

  async #launch(flight: FlightControl<Passenger>, sponsor: Rider): Promise<string> {
    const record: LaunchRecord = { sponsor, flight, text: '', state: 'running', error: undefined }
    sponsor.group.launches.push(record)
    this.checkLaunches()
    const { pieces, end } = sponsor.caller.script
    const name = `launch by ${sponsor.passenger.id}`
    flight.progress(10, 'started')
    if (flight.mode === 'stream') {
      for (let piece = 0; piece < pieces; piece++) {
        await this.#step(`${name}, piece ${String(piece)}`)
        record.text += `${sponsor.passenger.id}-${String(piece)} `
        flight.append({ type: 'text', text: `${sponsor.passenger.id}-${String(piece)} ` })
      }
    }
    await this.#step(`${name}, ${end}`)
    if (end === 'deaf') return new Promise(() => undefined)
    if (end === 'stall') {
      await new Promise<void>((resolve) => {
        if (flight.signal.aborted) resolve()
        else
          flight.signal.addEventListener(
            'abort',
            () => {
              resolve()
            },
            { once: true },
          )
      })
      record.state = 'aborted'
      throw new Error('aborted upstream')
    }
    if (end === 'resolve') {
      record.state = 'resolved'
      if (record.text === '') record.text = `answer of ${sponsor.passenger.id}`
      return record.text
    }
    // Once a piece is delivered nobody else may launch: a refusal is everybody's failure then.
    record.state = end === 'fail' || flight.delivered ? 'failed' : 'refused'
    record.error = new Error(`${end} of ${sponsor.passenger.id}`)
    throw end === 'fail' ? record.error : new SponsorRefusal(record.error)
  }

  /** At any time: at most one launch of a key that runs and was not told to stop. */
  checkLaunches(): void {
    for (const key of ['a', 'b']) {
      const running = this.groups
        .filter((group) => group.key === key)
        .flatMap(({ launches }) => launches)
        .filter(({ state, flight }) => state === 'running' && !flight.signal.aborted)
      expect(running.length).toBeLessThanOrEqual(1)
    }
  }
}

/** What each caller must have got, from what the launches did and who left. */
function checkOutcome(rider: Rider): void {
  const { outcome, group } = rider
  if (!outcome) throw new Error(`caller ${rider.passenger.id} never got an answer`)
  const own = group.launches.find(({ sponsor }) => sponsor === rider)
  const last = group.launches.at(-1)
  if (rider.leftBeforeEnd) {
    expect('error' in outcome && [rider.reason, own?.error]).toContain(
      'error' in outcome ? outcome.error : undefined,
    )
  } else if (own?.state === 'refused') {
    expect(outcome).toEqual({ error: own.error })
  } else if (last?.state === 'failed') {
    expect('error' in outcome && outcome.error).toBe(last.error)
  } else {
    expect(last?.state).toBe('resolved')
    expect(outcome).toEqual({ result: last?.text })
  }
}

function checkReadings(rider: Rider): void {
  for (const { seen, ending } of rider.readings) {
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, index) => index + 1))
    expect(ending).toBeDefined()
    const { outcome } = rider
    if (outcome && 'result' in outcome) {
      const text = seen.map((chunk) => (chunk.type === 'data' ? chunk.data : '')).join('')
      expect(ending).toBe('done')
      expect(text).toBe(outcome.result)
    } else {
      expect(ending).toBe(outcome?.error)
    }
  }
}

function checkGroup({ riders, launches }: Group): void {
  const readings = riders.flatMap((rider) => rider.readings.map(({ seen }) => seen))
  const longest = readings.reduce((a, b) => (b.length > a.length ? b : a), [])
  for (const seen of readings) {
    expect(seen.every((chunk, index) => chunk === longest[index])).toBe(true)
  }
  const sponsors = launches.map(({ sponsor }) => sponsor)
  expect(new Set(sponsors).size).toBe(sponsors.length)
  for (const launch of launches.slice(0, -1)) expect(launch.state).toBe('refused')

  const last = launches.at(-1)
  if (!last) return
  // The flight ended by itself, or the last passenger left: exactly then upstream is told to stop.
  const everybodyOut = riders.every(
    (rider) =>
      rider.leftBeforeEnd || launches.some((l) => l.sponsor === rider && l.state === 'refused'),
  )
  const endedByRefusal = last.state === 'refused' && !last.flight.signal.aborted
  const ended = last.state === 'resolved' || last.state === 'failed'
  if (!everybodyOut) expect(last.flight.signal.aborted).toBe(false)
  else if (!ended && !endedByRefusal) expect(last.flight.signal.aborted).toBe(true)
  const payers = riders.filter(({ boarding }) => boarding.sponsor)
  expect(payers.length).toBeLessThanOrEqual(1)
  if (last.state === 'resolved') expect(payers).toEqual([last.sponsor])
}

async function simulate(scheduler: fc.Scheduler, callers: readonly Caller[]): Promise<void> {
  const simulation = new Simulation(scheduler)
  await simulation.run(callers)
  for (const rider of simulation.riders) {
    checkOutcome(rider)
    checkReadings(rider)
  }
  for (const group of simulation.groups) checkGroup(group)
  expect(simulation.flights.size).toBe(0)
}

const always = (fields: Partial<Caller>, end: Script['end'], pieces = 2): Caller => ({
  ...{ key: 'a', mode: 'stream', reads: 'all', leaves: false, script: { pieces, end } },
  ...fields,
})

describe('flights under any order of events', () => {
  it('serve any mix of callers who join, read, leave, are refused or see upstream fail or stall', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(caller, { minLength: 1, maxLength: 8 }), simulate),
      { numRuns: 1_000 },
    )
  })

  const situations: [string, fc.Arbitrary<Caller[]>][] = [
    [
      'the sponsor leaves',
      fc.constant([
        always({ leaves: true }, 'resolve'),
        always({}, 'resolve'),
        always({}, 'resolve'),
      ]),
    ],
    [
      'followers leave',
      fc.constant([
        always({}, 'resolve'),
        always({ leaves: true }, 'resolve'),
        always({ leaves: true, mode: 'unary' }, 'resolve'),
      ]),
    ],
    [
      'sponsors are refused one after the other',
      fc.constant([
        always({}, 'refuse', 0),
        always({ leaves: true }, 'refuse', 0),
        always({}, 'resolve'),
      ]),
    ],
    [
      'upstream fails',
      fc.constant([always({}, 'fail'), always({ leaves: true }, 'fail'), always({}, 'fail')]),
    ],
    [
      'one reader is slow',
      fc.constant([
        always({ reads: 'slowly' }, 'resolve', 3),
        always({}, 'resolve', 3),
        always({ reads: 'twice' }, 'resolve', 3),
      ]),
    ],
    [
      'upstream stalls and everybody disconnects',
      fc.constant([
        always({ leaves: true }, 'stall'),
        always({ leaves: true }, 'stall'),
        always({ leaves: true, reads: 'slowly' }, 'deaf'),
      ]),
    ],
  ]
  it.each(situations)('hold when %s', async (_, callers) => {
    await fc.assert(fc.asyncProperty(fc.scheduler(), callers, simulate), { numRuns: 200 })
  })
})
