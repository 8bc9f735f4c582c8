/** Typed events whose listeners cannot break a request. */
import { EventEmitter } from 'eventemitter3'
import type { ClientEvents, EventName, Events } from '../contracts/events.js'
import type { Logger } from '../contracts/logger.js'

type Listener = (payload: unknown) => unknown

export interface Emitter extends Events {
  on<Name extends EventName>(name: Name, listener: (payload: ClientEvents[Name]) => unknown): void
  off<Name extends EventName>(name: Name, listener: (payload: ClientEvents[Name]) => unknown): void
  once<Name extends EventName>(name: Name, listener: (payload: ClientEvents[Name]) => unknown): void
  removeAll(): void
}

/** eventemitter3 lets a listener's error through to emit() and skips the other listeners: not here. */
export function createEmitter(logger: Logger): Emitter {
  const emitter = new EventEmitter()
  const wrapped = new Map<Listener, Map<EventName, Listener>>()

  const guard = (name: EventName, listener: Listener): Listener => {
    const known = wrapped.get(listener)?.get(name)
    if (known) return known
    const complain = (error: unknown): void => {
      const kind = error instanceof Error ? error.name : typeof error
      logger.error({ event: name, error: kind }, 'an event listener failed')
    }
    const safe: Listener = (payload) => {
      try {
        const returned = listener(payload)
        if (returned instanceof Promise) returned.catch(complain)
      } catch (error) {
        complain(error)
      }
    }
    const byName = wrapped.get(listener) ?? new Map<EventName, Listener>()
    wrapped.set(listener, byName.set(name, safe))
    return safe
  }

  return {
    emit: (name, payload) => void emitter.emit(name, payload),
    has: (name) => emitter.listenerCount(name) > 0,
    on: (name, listener) => void emitter.on(name, guard(name, listener as Listener)),
    once: (name, listener) => void emitter.once(name, guard(name, listener as Listener)),
    off: (name, listener) => {
      const byName = wrapped.get(listener as Listener)
      const safe = byName?.get(name)
      if (!byName || !safe) return
      emitter.off(name, safe)
      byName.delete(name)
      if (byName.size === 0) wrapped.delete(listener as Listener)
    },
    removeAll: () => {
      emitter.removeAllListeners()
      wrapped.clear()
    },
  }
}
