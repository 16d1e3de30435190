import { expect, test } from 'vitest'
import { runMainInProcess } from '../support/run-in-process.js'
import { main } from './command.js'
import { chooseKind, kinds } from './kinds.js'
import { createRandom } from './random.js'

test.each<[string[], RegExp]>([
  [['--minutes', '0'], /--minutes: "0" is no number above 0/],
  [['--rate', 'many'], /--rate: "many" is no number above 0/],
  [['--seed=-1'], /--seed: "-1" is no whole number from 0 on/],
  [['--nonsense'], /nonsense/],
])('npm run soak says what is wrong with %j', async (args, words) => {
  const { code, stderr } = await runMainInProcess(main, args)
  expect(code).toBe(2)
  expect(stderr).toMatch(words)
  expect(stderr).not.toContain('    at ')
})

test('the same seed chooses the same calls of a soak, and every kind comes', () => {
  const draw = (seed: number): readonly string[] => {
    const random = createRandom(seed)
    return Array.from({ length: 2000 }, () => chooseKind(random).name)
  }
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
  expect(new Set(draw(7)).size).toBe(kinds.length)
})
