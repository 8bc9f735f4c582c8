/** Entries as bytes, for tiers outside this process: compressed, checked, and encrypted on request. */
import { crc32 } from 'node:zlib'
import type { CacheEntry } from '../../contracts/cache-tier.js'
import { createEncryption, type EncryptionKey, type EncryptionOption } from './encryption.js'
import { packEntry, unpackEntry } from './entry-codec-body.js'

export interface EntryCodec {
  /** @param key the cache key: the bytes are of no use under another one */
  encode(key: string, entry: CacheEntry): Buffer
  /**
   * A frozen, validated entry. Undefined when the bytes are malformed, damaged, forged, of another
   * version, of another key, or encrypted with an unknown key. Never throws.
   */
  decode(key: string, bytes: Uint8Array): CacheEntry | undefined
}

/*
 * magic 'RF' | version | flags | check (4 bytes) | body
 * The check is the CRC-32 of what precedes it, the cache key and the body; with encryption it is the
 * key's id, and the body is sealed together with the same bytes.
 */
const MAGIC = 0x5246
const VERSION = 1
const HEAD_BYTES = 4
const CHECK_BYTES = 4
const BODY = HEAD_BYTES + CHECK_BYTES

const ENCRYPTED = 4
/** Those of the body; see there. */
const BODY_FLAGS = 3

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration` */
export function createEntryCodec(options: EncryptionOption): EntryCodec {
  const { encryptionKey } = options
  return encryptionKey === undefined ? plainCodec() : encryptedCodec(encryptionKey)
}

function plainCodec(): EntryCodec {
  const checkOf = (head: Uint8Array, key: string, body: Uint8Array): number =>
    crc32(body, crc32(key, crc32(head)))
  return {
    encode(key, entry) {
      const { flags, body } = packEntry(entry)
      const bytes = Buffer.allocUnsafe(BODY + body.length)
      writeHead(bytes, flags)
      bytes.writeUInt32LE(checkOf(bytes.subarray(0, HEAD_BYTES), key, body), HEAD_BYTES)
      bytes.set(body, BODY)
      return bytes
    },
    decode(key, given) {
      const bytes = asBuffer(given)
      const flags = readFlags(bytes)
      if (flags === undefined || (flags & ENCRYPTED) !== 0) return undefined
      const body = bytes.subarray(BODY)
      const check = checkOf(bytes.subarray(0, HEAD_BYTES), key, body)
      if (bytes.readUInt32LE(HEAD_BYTES) !== check) return undefined
      return unpackEntry(flags, body)
    },
  }
}

function encryptedCodec(given: EncryptionKey | readonly EncryptionKey[]): EntryCodec {
  const encryption = createEncryption(given)
  const boundTo = (head: Uint8Array, key: string): Buffer =>
    Buffer.concat([head, Buffer.from(key, 'utf8')])
  return {
    encode(key, entry) {
      const { flags, body } = packEntry(entry)
      const head = Buffer.allocUnsafe(BODY)
      writeHead(head, flags | ENCRYPTED)
      head.set(encryption.keyId, HEAD_BYTES)
      return Buffer.concat([head, encryption.seal(body, boundTo(head, key))])
    },
    decode(key, given) {
      const bytes = asBuffer(given)
      const flags = readFlags(bytes)
      if (flags === undefined || (flags & ENCRYPTED) === 0) return undefined
      const head = bytes.subarray(0, BODY)
      const sealed = bytes.subarray(BODY)
      const body = encryption.open(head.subarray(HEAD_BYTES), sealed, boundTo(head, key))
      return body && unpackEntry(flags & BODY_FLAGS, body)
    },
  }
}

function writeHead(bytes: Buffer, flags: number): void {
  bytes.writeUInt16BE(MAGIC, 0)
  bytes[2] = VERSION
  bytes[3] = flags
}

/** Undefined for bytes that are no entry of this version, or use what this version does not know. */
function readFlags(bytes: Buffer): number | undefined {
  if (bytes.length < BODY || bytes.readUInt16BE(0) !== MAGIC || bytes[2] !== VERSION) {
    return undefined
  }
  const flags = bytes[3]
  return flags !== undefined && flags <= (ENCRYPTED | BODY_FLAGS) ? flags : undefined
}

/** A view, not a copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
