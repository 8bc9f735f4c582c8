/** AES-256-GCM for stored entries, with keys that can be rotated. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { invalidOption } from '../../util/invalid-option.js'
import { list } from '../../util/option-checks.js'

/** 32 random bytes, or the same as text: 64 hex digits or base64. */
export type EncryptionKey = string | Uint8Array

export interface EncryptionOption {
  /**
   * Encrypts and authenticates what is stored (AES-256-GCM): 32 bytes, or 64 hex digits, or base64. Of
   * several keys the first encrypts and all decrypt. With a key, plain entries and those of other keys
   * are not read. Cache keys are hashes; tags in invalidations stay readable.
   * @default none
   */
  readonly encryptionKey?: EncryptionKey | readonly EncryptionKey[] | undefined
}

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
/** The first bytes of the key's SHA-256: which of several keys to try, nothing more. */
const ID_BYTES = 4
/** Random, of the length the mode is made for: safe for 2^32 entries a key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface Encryption {
  /** 4 bytes that name the key `seal` uses. */
  readonly keyId: Uint8Array
  /** Nonce, ciphertext and tag. @param bound authenticated along with it, not contained */
  seal(plain: Uint8Array, bound: Uint8Array): Buffer
  /** Undefined when no key has that id, or when the text, `bound` or the key is not the same. */
  open(keyId: Uint8Array, sealed: Uint8Array, bound: Uint8Array): Buffer | undefined
}

interface Key {
  readonly id: Buffer
  readonly secret: KeyObject
}

/**
 * @param given one key, or several: the first encrypts, all decrypt
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function createEncryption(given: EncryptionKey | readonly EncryptionKey[]): Encryption {
  const keys = (Array.isArray(given) ? list('encryptionKey', given) : [given]).map(readKey)
  const [first] = keys
  if (first === undefined) throw invalidOption('encryptionKey', 'at least one key', given)
  return {
    keyId: first.id,
    seal: (plain, bound) => seal(first.secret, plain, bound),
    open(keyId, sealed, bound) {
      const key = keys.find(({ id }) => id.equals(keyId))
      return key && open(key.secret, sealed, bound)
    },
  }
}

function readKey(given: unknown): Key {
  const bytes = keyBytes(given)
  if (bytes?.length !== KEY_BYTES) {
    throw invalidOption('encryptionKey', '32 bytes, or 64 hex digits, or their base64', given)
  }
  const id = createHash('sha256').update(bytes).digest().subarray(0, ID_BYTES)
  return { id, secret: createSecretKey(bytes) }
}

function keyBytes(given: unknown): Uint8Array | undefined {
  if (given instanceof Uint8Array) return given
  if (typeof given !== 'string') return undefined
  if (/^[0-9a-f]{64}$/i.test(given)) return Buffer.from(given, 'hex')
  return /^[\w+/-]{43}=?$/.test(given) ? Buffer.from(given, 'base64') : undefined
}

function seal(secret: KeyObject, plain: Uint8Array, bound: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound)
  const text = cipher.update(plain)
  cipher.final()
  return Buffer.concat([nonce, text, cipher.getAuthTag()])
}

function open(secret: KeyObject, sealed: Uint8Array, bound: Uint8Array): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(bound)
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}
