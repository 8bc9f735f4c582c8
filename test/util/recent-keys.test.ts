import { expect, test } from 'vitest'
import { RecentKeys } from '../../src/util/recent-keys.js'

test('recent keys are kept up to a number, the oldest forgotten first', () => {
  const keys = new RecentKeys<number>(2)
  keys.set('a', 1)
  keys.set('b', 2)
  keys.set('a', 3)
  keys.set('c', 4)
  expect([keys.get('a'), keys.get('b'), keys.get('c')]).toEqual([3, undefined, 4])
  keys.delete('a')
  expect(keys.get('a')).toBeUndefined()
})
