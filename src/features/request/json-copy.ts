/** Reads a caller's structured data once, into plain data of our own, within bounds. */
/// <reference lib="es2024.string" />
import { described, dotted, mismatch, Violation, type ValidationRule } from './violation.js'

/** How much structured data one field may hold. */
export interface Bounds {
  /** UTF-8 bytes; of what, texts or the whole JSON text, is for the field to say. */
  readonly bytes: number
  /** Nested objects and arrays, the field's own value counted. */
  readonly depth: number
}

/** Values one field may hold. A body of 2 MB can hold a million of them, and each costs time to judge. */
const MAX_VALUES = 50_000

interface Walk {
  readonly path: (string | number)[]
  readonly bounds: Bounds
  /** UTF-16 units of all texts. */
  texts: number
  /** UTF-16 units of all property names. */
  names: number
  values: number
}

/** A copy that shares nothing with the original. */
export interface JsonCopy {
  readonly value: unknown
  /** UTF-16 units of all texts in it. */
  readonly texts: number
  /** Its JSON text has at most so many bytes. */
  readonly most: number
}

/**
 * Copies plain JSON data: own enumerable string keys, each read exactly once, `undefined` left out.
 * Getters and proxies run here and nowhere later; what they throw is for the caller to catch.
 * Stops as soon as the bytes are surely too many; exact sizes are checked on the copy.
 * @throws Violation for anything but JSON data, cycles (as depth), and broken bounds
 */
export function copyJson(field: string, value: object, bounds: Bounds): JsonCopy {
  const walk: Walk = { path: [field], bounds, texts: 0, names: 0, values: 0 }
  const copy = copyContainer(walk, value, 1)
  // A unit takes at most 6 bytes of JSON (\u001f), a number with its punctuation at most 32.
  const most = 6 * (walk.texts + walk.names) + 32 * (walk.values + 1)
  return { value: copy, texts: walk.texts, most }
}

/** @throws Violation when the copy's JSON text has more bytes than allowed */
export function assertJsonSize(field: string, copy: JsonCopy, bounds: Bounds): void {
  if (copy.most <= bounds.bytes) return
  const bytes = Buffer.byteLength(JSON.stringify(copy.value))
  if (bytes > bounds.bytes) throw tooLarge(field, bounds.bytes, `${bytes}`)
}

export function tooLarge(field: string, limit: number, got = 'more'): Violation {
  return new Violation(field, 'size', mismatch(field, `at most ${limit} bytes in UTF-8`, got))
}

function tooMany(field: string): Violation {
  return new Violation(field, 'size', mismatch(field, `at most ${MAX_VALUES} values`, 'more'))
}

/** @throws Violation when the text holds half a surrogate pair: two such texts can share one UTF-8 form. */
export function assertWellFormed(field: string, text: string): void {
  if (text.isWellFormed()) return
  throw new Violation(
    field,
    'well_formed',
    mismatch(field, 'well-formed Unicode', 'a string with a lone surrogate'),
  )
}

/** Keys that would change prototypes where objects are merged carelessly. */
export function isForbiddenKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}

/** Object literals and JSON.parse results, of any realm: what inherits from nothing else. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === Object.prototype ||
    prototype === null ||
    (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null)
  )
}

function copyValue(walk: Walk, value: unknown, depth: number): unknown {
  walk.values += 1
  const { bytes } = walk.bounds
  if (walk.texts > bytes || walk.names + walk.values > bytes)
    throw tooLarge(String(walk.path[0]), bytes)
  if (walk.values > MAX_VALUES) throw tooMany(String(walk.path[0]))
  switch (typeof value) {
    case 'string':
      walk.texts += value.length
      if (!value.isWellFormed()) assertWellFormed(dotted(walk.path), value)
      return value
    case 'boolean':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      break
    case 'object':
      return value === null ? null : copyContainer(walk, value, depth)
    default:
  }
  throw fault(walk, 'type', 'JSON data', described(value))
}

function copyContainer(walk: Walk, value: object, depth: number): unknown {
  if (depth > walk.bounds.depth) {
    const deep = `nested at most ${walk.bounds.depth} levels deep`
    throw new Violation(
      dotted(walk.path),
      'depth',
      mismatch(String(walk.path[0]), deep, 'more (or a cycle)'),
    )
  }
  if (Array.isArray(value)) return copyArray(walk, value, depth)
  if (isPlainObject(value)) return copyObject(walk, value as Record<string, unknown>, depth)
  throw fault(walk, 'type', 'a plain object or array', 'an instance of a class')
}

function copyArray(walk: Walk, source: readonly unknown[], depth: number): unknown[] {
  const copy: unknown[] = []
  const { length } = source
  for (let index = 0; index < length; index += 1) {
    walk.path.push(index)
    copy.push(copyValue(walk, source[index], depth + 1))
    walk.path.pop()
  }
  return copy
}

function copyObject(
  walk: Walk,
  source: Readonly<Record<string, unknown>>,
  depth: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(source)) {
    walk.path.push(key)
    walk.names += key.length
    if (isForbiddenKey(key))
      throw fault(walk, 'forbidden_key', 'free of this property name', `the key ${key}`)
    if (!key.isWellFormed()) assertWellFormed(dotted(walk.path), key)
    const value = source[key]
    if (value !== undefined) copy[key] = copyValue(walk, value, depth + 1)
    walk.path.pop()
  }
  return copy
}

function fault(walk: Walk, rule: ValidationRule, expected: string, got: string): Violation {
  const field = dotted(walk.path)
  return new Violation(field, rule, mismatch(field, expected, got))
}
