/** Typed events whose listeners cannot break a request. */
import { EventEmitter } from 'eventemitter3'
import type { ClientEvents, EventName, Events } from '../contracts/events.js'
import type { Logger } from '../contracts/logger.js'
import { errorKind } from './error-kind.js'

type Listener = (payload: unknown) => unknown

export interface Emitter extends Events {
  on<Name extends EventName>(name: Name, listener: (payload: ClientEvents[Name]) => unknown): void
  off<Name extends EventName>(name: Name, listener: (payload: ClientEvents[Name]) => unknown): void
  once<Name extends EventName>(name: Name, listener: (payload: ClientEvents[Name]) => unknown): void
}

/** eventemitter3 lets a listener's error through to emit() and skips the other listeners: not here. */
export function createEmitter(logger: Logger): Emitter {
  const emitter = new EventEmitter()
  // Weak: `once` forgets its listener when it has fired, and nobody tells.
  const guards = new WeakMap<Listener, Map<EventName, Listener>>()

  const guard = (name: EventName, listener: Listener): Listener => {
    const byName = guards.get(listener) ?? new Map<EventName, Listener>()
    const known = byName.get(name)
    if (known) return known
    const complain = (error: unknown): void => {
      logger.error({ event: name, error: errorKind(error) }, 'an event listener failed')
    }
    const safe: Listener = (payload) => {
      try {
        const returned = listener(payload)
        if (returned instanceof Promise) returned.catch(complain)
      } catch (error) {
        complain(error)
      }
    }
    guards.set(listener, byName.set(name, safe))
    return safe
  }

  return {
    emit: (name, payload) => void emitter.emit(name, payload),
    has: (name) => emitter.listenerCount(name) > 0,
    on: (name, listener) => void emitter.on(name, guard(name, listener as Listener)),
    once: (name, listener) => void emitter.once(name, guard(name, listener as Listener)),
    off: (name, listener) => {
      const safe = guards.get(listener as Listener)?.get(name)
      // Without a function, eventemitter3 would take every listener of that name away.
      if (safe) emitter.off(name, safe)
    },
  }
}
