/** The table of running flights: who asks for an answer that is already under way joins it. */
import type { Flights, Passenger } from './flight.js'
import { RunningFlight, type FlightDependencies } from './running-flight.js'

/**
 * Shares running calls: at most one per key, whose failure reaches everybody aboard and which
 * only the last one to leave aborts. A log past 1 MiB takes no more joiners: the next passenger
 * starts a flight of its own, which then has the key.
 */
export function createFlights<P extends Passenger, R>(
  dependencies: FlightDependencies<R>,
): Flights<P, R> {
  const running = new Set<RunningFlight<P, R>>()
  const byKey = new Map<string, RunningFlight<P, R>>()

  const start = (key: string | undefined, mode: Passenger['mode']): RunningFlight<P, R> => {
    const flight = new RunningFlight<P, R>(mode, dependencies, () => {
      running.delete(flight)
      if (key !== undefined && byKey.get(key) === flight) byKey.delete(key)
    })
    running.add(flight)
    if (key !== undefined) byKey.set(key, flight)
    return flight
  }

  return {
    board: (key, passenger, launch) => {
      const known = key === undefined ? undefined : byKey.get(key)
      const flight = known?.joinable === true ? known : start(key, passenger.mode)
      return flight.board(passenger, launch)
    },
    get size() {
      return running.size
    },
    abortAll: (reason) => {
      for (const flight of [...running]) flight.evacuate(reason)
    },
  }
}
