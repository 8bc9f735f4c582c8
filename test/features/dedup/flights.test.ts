import { describe, expect, it, vi } from 'vitest'
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

interface Call {
  readonly flight: FlightControl<Passenger>
  readonly sponsor: Passenger
  readonly resolve: (result: string) => void
  readonly reject: (error: unknown) => void
}

let ids = 0
const passenger = (fields: Partial<Passenger> = {}): Passenger => ({
  id: `req_${String(++ids)}`,
  mode: 'unary',
  deadline: 1_000,
  priority: 5,
  ...fields,
})
const streamer = (fields: Partial<Passenger> = {}): Passenger =>
  passenger({ mode: 'stream', ...fields })
const left = (message = 'left'): RaptorflowError => new RaptorflowError('ABORTED', message)
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function setup(): {
  flights: Flights<Passenger, string>
  calls: Call[]
  launch: Launch<Passenger, string>
  board: (who: Passenger, key?: string) => Boarding<string>
} {
  const flights = createFlights<Passenger, string>({
    clock: new FakeClock(),
    finalText: (result) => result,
  })
  const calls: Call[] = []
  const launch: Launch<Passenger, string> = (flight, sponsor) =>
    new Promise((resolve, reject) => calls.push({ flight, sponsor, resolve, reject }))
  return { flights, calls, launch, board: (who, key = 'key') => flights.board(key, who, launch) }
}

async function drain(boarding: Boarding<string>): Promise<SharedChunk[]> {
  const seen: SharedChunk[] = []
  for await (const chunk of boarding.chunks()) seen.push(chunk)
  return seen
}

const textOf = (chunks: SharedChunk[]): string =>
  chunks.map((chunk) => (chunk.type === 'data' ? chunk.data : '')).join('')

describe('boarding', () => {
  it('launches once for a thousand callers of one key, and answers all of them', async () => {
    const { flights, calls, board } = setup()
    const boardings = Array.from({ length: 1_000 }, (_, i) =>
      board(i % 2 ? passenger() : streamer()),
    )
    await settle()
    expect(calls).toHaveLength(1)
    expect(boardings.filter(({ joined }) => !joined)).toHaveLength(1)
    expect(flights.size).toBe(1)
    calls[0]!.resolve('Paris')
    expect(new Set(await Promise.all(boardings.map((boarding) => boarding.result())))).toEqual(
      new Set(['Paris']),
    )
    expect(flights.size).toBe(0)
  })

  it('launches in a microtask, so that the caller has its boarding first', async () => {
    const { calls, board } = setup()
    board(passenger())
    expect(calls).toHaveLength(0)
    await Promise.resolve()
    expect(calls).toHaveLength(1)
  })

  it('does not launch at all for someone who left before the microtask', async () => {
    const { flights, calls, board } = setup()
    board(passenger()).leave(left())
    await settle()
    expect(calls).toHaveLength(0)
    expect(flights.size).toBe(0)
  })

  it('keeps different keys apart, and shares nothing without a key', async () => {
    const { flights, calls, launch, board } = setup()
    board(passenger(), 'a')
    board(passenger(), 'b')
    expect(flights.board(undefined, passenger(), launch).joined).toBe(false)
    expect(flights.board(undefined, passenger(), launch).joined).toBe(false)
    await settle()
    expect(calls).toHaveLength(4)
    expect(flights.size).toBe(4)
  })

  it.each(['success', 'failure'])('frees the key after %s', async (outcome) => {
    const { flights, calls, board } = setup()
    const first = board(passenger())
    await settle()
    if (outcome === 'success') calls[0]!.resolve('Paris')
    else calls[0]!.reject(new Error('broken'))
    await first.result().catch(() => undefined)
    expect(flights.size).toBe(0)
    expect(board(passenger()).joined).toBe(false)
  })

  it('takes no joiners past 1 MiB of log: the next flight has the key then', async () => {
    const { flights, calls, board } = setup()
    const first = board(streamer())
    await settle()
    calls[0]!.flight.append({ type: 'text', text: 'x'.repeat(2 ** 20) })
    const joiner = board(streamer())
    expect(joiner.joined).toBe(true)
    calls[0]!.flight.append({ type: 'text', text: 'x' })
    const second = board(streamer())
    expect(second.joined).toBe(false)
    expect(board(streamer()).joined).toBe(true)
    await settle()
    calls[0]!.resolve('')
    expect(textOf(await drain(first))).toHaveLength(2 ** 20 + 1)
    expect(await joiner.result()).toBe('')
    expect(flights.size).toBe(1)
    expect(board(streamer()).joined).toBe(true)
    calls[1]!.resolve('Paris')
    expect(await second.result()).toBe('Paris')
    expect(flights.size).toBe(0)
  })
})

describe('a flight', () => {
  it('has the mode of its first passenger, whoever joins', async () => {
    const { calls, board } = setup()
    board(passenger())
    board(streamer())
    await settle()
    expect(calls[0]!.flight.mode).toBe('unary')
  })

  it('gives a streaming joiner of a unary flight progress, then the whole text as one chunk', async () => {
    const { calls, board } = setup()
    board(passenger())
    const chunks = drain(board(streamer()))
    await settle()
    calls[0]!.flight.progress(20, 'Asking the model')
    calls[0]!.resolve('Paris')
    expect((await chunks).map(({ type, sequence }) => [type, sequence])).toEqual([
      ['progress', 1],
      ['data', 2],
    ])
    expect(textOf(await chunks)).toBe('Paris')
  })

  it('gives a unary joiner of a streaming flight the result', async () => {
    const { calls, board } = setup()
    const first = board(streamer())
    await settle()
    calls[0]!.flight.append({ type: 'text', text: 'Par' })
    const follower = board(passenger())
    calls[0]!.flight.append({ type: 'text', text: 'is' })
    calls[0]!.resolve('Paris')
    expect(await follower.result()).toBe('Paris')
    expect(textOf(await drain(first))).toBe('Paris')
  })

  it('replays its log to late joiners, as the same objects', async () => {
    const { calls, board } = setup()
    const first = board(streamer())
    await settle()
    for (const text of ['a', 'b', 'c']) calls[0]!.flight.append({ type: 'text', text })
    const late = board(streamer())
    calls[0]!.flight.append({ type: 'text', text: 'd' })
    calls[0]!.resolve('abcd')
    const [early, replayed] = await Promise.all([drain(first), drain(late)])
    expect(textOf(replayed)).toBe('abcd')
    expect(replayed.every((chunk, index) => chunk === early[index])).toBe(true)
    expect(replayed).toHaveLength(early.length)
  })

  it('fails everybody aboard with the same error, after the chunks there are, and launches no more', async () => {
    const { calls, board } = setup()
    const boardings = [board(streamer()), board(passenger()), board(streamer())]
    const chunks = boardings[0]!.chunks()
    await settle()
    calls[0]!.flight.append({ type: 'text', text: 'Par' })
    const broken = new Error('broken')
    calls[0]!.reject(broken)
    for (const boarding of boardings) await expect(boarding.result()).rejects.toBe(broken)
    expect((await chunks.next()).value).toMatchObject({ data: 'Par' })
    await chunks.next()
    await expect(chunks.next()).rejects.toBe(broken)
    await settle()
    expect(calls).toHaveLength(1)
  })

  it('fails on a launch that throws at once, and on one that rejects with no Error', async () => {
    const { flights } = setup()
    const thrower = flights.board('a', passenger(), () => {
      throw new Error('at once')
    })
    await expect(thrower.result()).rejects.toThrow('at once')
    const { calls, board } = setup()
    const odd = board(passenger())
    await settle()
    calls[0]!.reject('secret text')
    await expect(odd.result()).rejects.toThrow(
      'Expected a launch to reject with an Error, got string',
    )
  })

  it('fails when the text of its result cannot be told', async () => {
    const flights = createFlights<Passenger, string>({
      clock: new FakeClock(),
      finalText: () => {
        throw new Error('no text')
      },
    })
    const boarding = flights.board('a', passenger(), () => Promise.resolve('x'))
    await expect(boarding.result()).rejects.toThrow('no text')
    expect(flights.size).toBe(0)
  })

  it('knows the latest deadline and the highest priority of those aboard', async () => {
    const { calls, board } = setup()
    board(passenger({ deadline: 100, priority: 3 }))
    await settle()
    const { flight } = calls[0]!
    expect([flight.latestDeadline(), flight.highestPriority()]).toEqual([100, 3])
    const patient = board(passenger({ deadline: 500, priority: 1 }))
    const urgent = board(passenger({ deadline: 50, priority: 10 }))
    expect([flight.latestDeadline(), flight.highestPriority()]).toEqual([500, 10])
    patient.leave(left())
    expect([flight.latestDeadline(), flight.highestPriority()]).toEqual([100, 10])
    urgent.leave(left())
    expect([flight.latestDeadline(), flight.highestPriority()]).toEqual([100, 3])
  })

  it('tells listeners who joins, until it is over', async () => {
    const { calls, board } = setup()
    const first = board(passenger())
    await settle()
    const listener = vi.fn()
    calls[0]!.flight.onBoard(listener)
    const joiner = passenger()
    board(joiner)
    expect(listener.mock.calls).toEqual([[joiner]])
    calls[0]!.resolve('Paris')
    await first.result()
    board(passenger())
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('ignores what its launch does after the end', async () => {
    const { calls, board } = setup()
    const boarding = board(streamer())
    const chunks = boarding.chunks()
    await settle()
    boarding.leave(left())
    const { flight, resolve } = calls[0]!
    flight.append({ type: 'text', text: 'x'.repeat(5 * 2 ** 20) })
    flight.progress(50, 'late')
    flight.onBoard(() => undefined)
    expect(flight.delivered).toBe(false)
    expect(flight.latestDeadline()).toBe(Number.NEGATIVE_INFINITY)
    expect(flight.highestPriority()).toBe(1)
    resolve('late')
    await settle()
    await expect(boarding.result()).rejects.toThrow('left')
    await expect(chunks.next()).rejects.toThrow('left')
  })
})

describe('leaving', () => {
  it('rejects what the leaver waits for at once, while upstream stalls', async () => {
    const { calls, board } = setup()
    const boarding = board(streamer())
    const other = board(passenger())
    await settle()
    const waiting = [boarding.result(), boarding.chunks().next()]
    const reason = left('timed out')
    boarding.leave(reason)
    for (const promise of waiting) await expect(promise).rejects.toBe(reason)
    await expect(boarding.chunks().next()).rejects.toBe(reason)
    calls[0]!.resolve('Paris')
    expect(await other.result()).toBe('Paris')
  })

  it('hurts nobody else, whether a follower or the sponsor leaves, and the sponsor still pays', async () => {
    const { calls, board } = setup()
    const [sponsor, follower, stayer] = [board(streamer()), board(streamer()), board(streamer())]
    await settle()
    follower.leave(left())
    sponsor.leave(left())
    expect(calls[0]!.flight.signal.aborted).toBe(false)
    calls[0]!.flight.append({ type: 'text', text: 'Paris' })
    calls[0]!.resolve('Paris')
    expect(await stayer.result()).toBe('Paris')
    expect(textOf(await drain(stayer))).toBe('Paris')
    expect([sponsor.sponsor, follower.sponsor, stayer.sponsor]).toEqual([true, false, false])
    expect(calls[0]!.flight.signal.aborted).toBe(false)
  })

  it('aborts upstream with the last one out, and frees the key at once', async () => {
    const { flights, calls, board } = setup()
    const boardings = [board(passenger()), board(streamer())]
    await settle()
    const { signal } = calls[0]!.flight
    boardings[0]!.leave(left())
    expect(signal.aborted).toBe(false)
    let freeAtAbort: boolean | undefined
    signal.addEventListener('abort', () => {
      freeAtAbort = flights.size === 0
    })
    boardings[1]!.leave(left('bored'))
    expect(freeAtAbort).toBe(true)
    const reason: unknown = signal.reason
    expect(RaptorflowError.isInstance(reason) && reason.code).toBe('ABORTED')
    expect(board(passenger()).joined).toBe(false)
    await settle()
    expect(calls).toHaveLength(2)
    calls[0]!.reject(new Error('aborted upstream'))
    await settle()
    expect(flights.size).toBe(1)
  })

  it('counts once, however often it is called', async () => {
    const { calls, board } = setup()
    const [leaver, stayer] = [board(passenger()), board(passenger())]
    await settle()
    for (let i = 0; i < 3; i++) leaver.leave(left())
    expect(calls[0]!.flight.signal.aborted).toBe(false)
    calls[0]!.resolve('Paris')
    expect(await stayer.result()).toBe('Paris')
  })

  it('changes nothing once the answer is there, not even for a reader that is behind', async () => {
    const { calls, board } = setup()
    const boarding = board(streamer())
    await settle()
    const chunks = boarding.chunks()
    calls[0]!.flight.append({ type: 'text', text: 'Paris' })
    calls[0]!.resolve('Paris')
    await settle()
    boarding.leave(left())
    expect(await boarding.result()).toBe('Paris')
    expect((await chunks.next()).value).toMatchObject({ data: 'Paris' })
    expect(calls[0]!.flight.signal.aborted).toBe(false)
  })

  it('happens to everybody on every flight when all are aborted', async () => {
    const { flights, calls, launch, board } = setup()
    const boardings = [
      board(passenger(), 'a'),
      board(streamer(), 'a'),
      flights.board(undefined, passenger(), launch),
    ]
    await settle()
    const closed = new RaptorflowError('PROVIDER_UNAVAILABLE', 'closed')
    flights.abortAll(closed)
    for (const boarding of boardings) await expect(boarding.result()).rejects.toBe(closed)
    expect(calls.every(({ flight }) => flight.signal.aborted)).toBe(true)
    expect(flights.size).toBe(0)
  })

  it('leaves no unhandled rejection behind, whatever fails and whoever listens', async () => {
    const { calls, board } = setup()
    const [asked, silent] = [board(passenger()), board(streamer())]
    void asked.result()
    silent.chunks()
    await settle()
    calls[0]!.reject(new Error('broken'))
    await settle()
    const leaver = board(passenger())
    await settle()
    leaver.leave(left())
    calls[1]!.reject(new Error('late'))
    await settle()
    await expect(leaver.result()).rejects.toThrow('left')
  })
})

describe('a refusal that concerns the sponsor only', () => {
  const refused = new RaptorflowError('BUDGET_EXCEEDED', 'too expensive')

  it('fails that one, and the oldest one still aboard sponsors with its own launch', async () => {
    const { flights, calls, board } = setup()
    const [first, gone] = [board(streamer()), board(passenger())]
    const second = passenger()
    const own = vi.fn<Launch<Passenger, string>>(() => Promise.resolve('Paris'))
    const next = flights.board('key', second, own)
    const last = board(passenger())
    await settle()
    gone.leave(left())
    calls[0]!.flight.progress(40, 'Reserving')
    const chunks = first.chunks()
    await chunks.next()
    const pending = chunks.next()
    calls[0]!.reject(new SponsorRefusal(refused))
    await expect(first.result()).rejects.toBe(refused)
    await expect(pending).rejects.toBe(refused)
    expect(await next.result()).toBe('Paris')
    expect(await last.result()).toBe('Paris')
    expect(own).toHaveBeenCalledExactlyOnceWith(calls[0]!.flight, second)
    expect(calls).toHaveLength(1)
    expect([first.sponsor, next.sponsor, last.sponsor]).toEqual([false, true, false])
  })

  it('ends the flight when nobody is left, without aborting what has already ended', async () => {
    const { flights, calls, board } = setup()
    const boardings = [board(passenger()), board(passenger())]
    await settle()
    calls[0]!.reject(new SponsorRefusal(refused))
    await settle()
    calls[1]!.reject(new SponsorRefusal(refused))
    for (const boarding of boardings) {
      await expect(boarding.result()).rejects.toBe(refused)
      expect(boarding.sponsor).toBe(false)
    }
    expect(flights.size).toBe(0)
    expect(calls).toHaveLength(2)
    expect(calls[0]!.flight.signal.aborted).toBe(false)
  })

  it('passes on to the next one although the refused sponsor has left', async () => {
    const { calls, board } = setup()
    const [first, second] = [board(passenger()), board(passenger())]
    await settle()
    first.leave(left())
    calls[0]!.reject(new SponsorRefusal(refused))
    await settle()
    calls[1]!.resolve('Paris')
    expect(await second.result()).toBe('Paris')
    await expect(first.result()).rejects.toThrow('left')
  })

  it('fails everybody once a piece of the answer was delivered', async () => {
    const { calls, board } = setup()
    const boardings = [board(streamer()), board(streamer())]
    await settle()
    calls[0]!.flight.append({ type: 'text', text: 'Par' })
    calls[0]!.reject(new SponsorRefusal(refused))
    for (const boarding of boardings) await expect(boarding.result()).rejects.toBe(refused)
    await settle()
    expect(calls).toHaveLength(1)
  })

  it('ends the listeners of the refused launch', async () => {
    const { calls, board } = setup()
    board(passenger())
    board(passenger())
    await settle()
    const listener = vi.fn()
    calls[0]!.flight.onBoard(listener)
    calls[0]!.reject(new SponsorRefusal(refused))
    await settle()
    board(passenger())
    expect(listener).not.toHaveBeenCalled()
  })
})
