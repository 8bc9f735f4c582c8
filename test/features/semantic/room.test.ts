import { describe, expect, it, vi } from 'vitest'
import type { SemanticMatcher } from '../../../src/features/semantic/matcher.js'
import { parseRequest } from '../../../src/features/request/parse.js'
import { createSemanticRoom } from '../../../src/features/semantic/room.js'

const matcher = (close = vi.fn(() => Promise.resolve())) =>
  ({ close }) as unknown as SemanticMatcher

describe('the semantic room', () => {
  it('loads at the first need, once, and again only when that failed', async () => {
    const load = vi.fn(() => Promise.resolve(matcher()))
    load.mockRejectedValueOnce(new Error('chunk is gone'))
    const room = createSemanticRoom({ always: true }, load)
    expect(load).not.toHaveBeenCalled()
    await expect(room.load()).rejects.toThrow('chunk is gone')
    const [first, second] = await Promise.all([room.load(), room.load()])
    expect(first).toBe(second)
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('closes what is still being loaded, too', async () => {
    const close = vi.fn(() => Promise.resolve())
    const room = createSemanticRoom({ always: true }, () => Promise.resolve(matcher(close)))
    void room.load()
    await room.close()
    expect(close).toHaveBeenCalledOnce()
  })

  it.each([
    [{ always: true }, undefined, true],
    [{ always: true }, false, false],
    [{ always: false }, undefined, false],
    [{ always: false }, true, true],
    [{ always: false }, { threshold: 0.9 }, true],
    [undefined, true, false],
  ])('with the client’s %o and a request’s %o, wants it: %o', (mode, semantic, wanted) => {
    const room = createSemanticRoom(mode, () => Promise.reject(new Error('not needed')))
    const request = parseRequest({ prompt: 'q', cache: { semantic } })
    expect(room.wants(request)).toBe(wanted)
  })
})
