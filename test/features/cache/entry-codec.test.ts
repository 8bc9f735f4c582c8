import { randomBytes } from 'node:crypto'
import { brotliCompressSync, crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheEntry, StoredAnswer } from '../../../src/contracts/cache-tier.js'
import { RaptorflowError } from '../../../src/errors.js'
import { adoptEntry, createEntry } from '../../../src/features/cache/entry.js'
import { createEntryCodec } from '../../../src/features/cache/entry-codec.js'
import { answer, entry } from './fixtures.js'

const NOW = Date.UTC(2026, 0, 1)
const KEY = Buffer.alloc(32, 7)
const plain = createEntryCodec({})
const sealed = createEntryCodec({ encryptionKey: KEY })
const both = [
  ['without encryption', plain],
  ['with encryption', sealed],
] as const

const text = fc.string({ unit: 'binary', maxLength: 3_000 })
const amount = fc.nat()
const name = fc.string({ minLength: 1, maxLength: 30 })

const answers: fc.Arbitrary<StoredAnswer> = fc.record({
  text: text.map((some) => `${some}.`),
  reasoning: fc.option(text, { nil: undefined }),
  tool_calls: fc.array(fc.record({ id: name, name, arguments: fc.json() }), {
    maxLength: 3,
  }),
  finish_reason: fc.constant('stop' as const),
  usage: fc.record({
    input: amount,
    cache_read: amount,
    cache_write: amount,
    output: amount,
    reasoning: amount,
  }),
  model_used: name,
  provider_used: name,
  requested_model: name,
  substitution: fc.constantFrom('none', 'same_model', 'equivalent', 'any'),
  substitution_reason: fc.option(name, { nil: undefined }),
  cost: fc.option(amount, { nil: null }),
})

const entries: fc.Arbitrary<CacheEntry> = fc
  .record({
    answer: answers,
    ttl: fc.nat(100_000),
    grace: fc.nat(100_000),
    tags: fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 4 }),
    now: fc.nat(2 ** 42),
  })
  .map(({ answer, ttl, grace, tags, now }) =>
    createEntry(answer, { ttl_seconds: ttl, graceSeconds: grace, tags, now, random: () => 0.5 }),
  )

const vectors = fc.float32Array({ minLength: 1, maxLength: 64, noNaN: true, min: -1, max: 1 })
const unit = (some: Float32Array): Float32Array => {
  const length = Math.hypot(...some)
  return length < 1e-6
    ? Float32Array.from(some, (_, index) => (index === 0 ? 1 : 0))
    : some.map((value) => value / length)
}
const withVector = (over: CacheEntry, vector: Float32Array): CacheEntry => {
  const semantic = { scope: 'scope', embedder: 'hashed-1', text: 'Which capital?', vector }
  return adoptEntry({ ...over, semantic })!
}

describe.each(both)('the entry codec %s', (_, codec) => {
  it('gives back any entry, validated and frozen', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), entries, (key, made) => {
        const decoded = codec.decode(key, codec.encode(key, made))
        expect(decoded).toStrictEqual(made)
        expect(adoptEntry(decoded)).toBe(decoded)
      }),
    )
  })

  it('gives back every float of a vector, and reads it from bytes at any offset', () => {
    fc.assert(
      fc.property(vectors.map(unit), fc.nat(7), (vector, offset) => {
        const made = withVector(entry(NOW), vector)
        const bytes = codec.encode('key', made)
        const shifted = new Uint8Array(offset + bytes.length)
        shifted.set(bytes, offset)
        const decoded = codec.decode('key', shifted.subarray(offset))
        expect(decoded?.semantic).toStrictEqual(made.semantic)
        expect(decoded?.semantic?.vector).toStrictEqual(vector)
      }),
    )
  })

  it('gives back the size somebody else counted', () => {
    const counted = { ...entry(NOW), size: 4_711 }
    expect(codec.decode('key', codec.encode('key', counted))).toStrictEqual(counted)
  })

  it('refuses an entry with any one byte changed', () => {
    const vector = unit(Float32Array.from({ length: 16 }, (_, index) => index))
    const long = withVector(entry(NOW, { text: 'word '.repeat(400) }), vector)
    for (const made of [entry(NOW), long]) {
      const bytes = codec.encode('key', made)
      for (let index = 0; index < bytes.length; index += 1) {
        for (const flip of [1, 4, 128, 255]) {
          const damaged = Buffer.from(bytes)
          damaged[index] = damaged[index]! ^ flip
          expect(codec.decode('key', damaged), `byte ${index} by ${flip}`).toBeUndefined()
        }
      }
    }
  })

  it('refuses an entry that was cut off, lengthened or moved to another key', () => {
    const bytes = codec.encode('key', entry(NOW))
    for (let length = 0; length < bytes.length; length += 1) {
      expect(codec.decode('key', bytes.subarray(0, length))).toBeUndefined()
    }
    expect(codec.decode('key', Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined()
    expect(codec.decode('Key', bytes)).toBeUndefined()
  })

  it('never throws on garbage, also behind a valid start', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(8), (garbage, kept) => {
        const start = codec.encode('key', entry(NOW)).subarray(0, kept)
        expect(codec.decode('key', Buffer.concat([start, garbage]))).toBeUndefined()
      }),
    )
  })
})

/** Bytes whose check is right, whatever they hold. */
function checked(flags: number, body: Uint8Array): Buffer {
  const head = Buffer.from([0x52, 0x46, 1, flags])
  const check = Buffer.alloc(4)
  check.writeUInt32LE(crc32(body, crc32('key', crc32(head))))
  return Buffer.concat([head, check, body])
}
const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

describe('what passes the checksum and is no entry', () => {
  it('is the form that the codec reads', () => {
    expect(plain.decode('key', checked(0, jsonOf(entry(NOW))))).toStrictEqual(entry(NOW))
  })

  it.each([
    [
      'an answer that may not be stored',
      0,
      jsonOf({ ...entry(NOW), answer: answer({ text: '' }) }),
    ],
    ['an unknown entry version', 0, jsonOf({ ...entry(NOW), v: 2 })],
    ['an array', 0, jsonOf([entry(NOW)])],
    ['no JSON', 0, Buffer.from('{')],
    ['text that is not compressed although it says so', 1, jsonOf(entry(NOW))],
    ['a vector that is longer than the bytes', 2, Buffer.alloc(8, 255)],
    ['a vector and nothing else', 2, Buffer.alloc(4)],
    ['an unknown flag', 8, jsonOf(entry(NOW))],
    ['text that grows to more than 16 MiB', 1, brotliCompressSync(Buffer.alloc(17 * 2 ** 20, 32))],
  ])('is refused: %s', (_, flags, body) => {
    expect(plain.decode('key', checked(flags, body))).toBeUndefined()
  })
})

describe('compression', () => {
  it('begins above 1 KiB', () => {
    const length = (over: object) => plain.encode('key', entry(NOW, over)).length
    expect(length({ text: 'word '.repeat(1_000) })).toBeLessThan(800)
    expect(plain.encode('key', entry(NOW)).toString('latin1')).toContain('capital of France')
  })

  it('is left out where it gains nothing', () => {
    const made = entry(NOW, { text: randomBytes(6_000).toString('latin1') })
    const bytes = plain.encode('key', made)
    expect(bytes.length).toBeLessThan(Buffer.byteLength(JSON.stringify(made)) + 9)
    expect(plain.decode('key', bytes)).toStrictEqual(made)
  })
})

describe('encryption', () => {
  const OLD = randomBytes(32)
  const rotated = createEntryCodec({ encryptionKey: [KEY, OLD] })

  it('hides the text and makes new bytes each time', () => {
    const bytes = sealed.encode('key', entry(NOW))
    expect(bytes.toString('latin1')).not.toContain('France')
    expect(sealed.encode('key', entry(NOW)).equals(bytes)).toBe(false)
  })

  it('refuses entries that are not encrypted, and is of no use without the key', () => {
    expect(sealed.decode('key', plain.encode('key', entry(NOW)))).toBeUndefined()
    expect(plain.decode('key', sealed.encode('key', entry(NOW)))).toBeUndefined()
    const other = createEntryCodec({ encryptionKey: OLD })
    expect(other.decode('key', sealed.encode('key', entry(NOW)))).toBeUndefined()
  })

  it('decrypts with any of several keys and encrypts with the first', () => {
    const before = createEntryCodec({ encryptionKey: OLD }).encode('key', entry(NOW))
    expect(rotated.decode('key', before)).toStrictEqual(entry(NOW))
    expect(sealed.decode('key', rotated.encode('key', entry(NOW)))).toStrictEqual(entry(NOW))
  })

  it('takes a key as bytes, as hex digits and as base64, with or without its end', () => {
    const bytes = sealed.encode('key', entry(NOW))
    const forms = [
      new Uint8Array(KEY),
      KEY.toString('hex'),
      KEY.toString('hex').toUpperCase(),
      KEY.toString('base64'),
      KEY.toString('base64url'),
    ]
    for (const encryptionKey of forms) {
      expect(createEntryCodec({ encryptionKey }).decode('key', bytes)).toStrictEqual(entry(NOW))
    }
  })

  it.each([
    ['no keys', []],
    ['a short key', Buffer.alloc(16)],
    ['a long key', Buffer.alloc(33)],
    ['a passphrase', 'correct horse battery staple'],
    ['63 digits', 'a'.repeat(63)],
    ['a number', 42],
    ['null', null],
    ['a list with a bad one', [KEY, '']],
  ])('refuses %s without showing it', (_, encryptionKey) => {
    const make = () => createEntryCodec({ encryptionKey: encryptionKey as Uint8Array })
    let error: unknown
    try {
      make()
    } catch (thrown) {
      error = thrown
    }
    expect(RaptorflowError.isInstance(error) && error.code).toBe('INVALID_REQUEST')
    expect((error as Error).message).toMatch(/^Expected the option `encryptionKey` to be/)
    expect((error as Error).message).not.toMatch(/horse|aaaa/)
  })
})
