import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hexReading, keyForms, plainReading } from '../../packages/core/dist/forward/leak/key-forms.js'
import { createLane, factor } from '../../packages/core/dist/forward/leak/window-lane.js'

test('each form of a secret has the length and the hashes that are said of it without spelling it', () => {
  const lanes = { plain: createLane(12, 1, plainReading), hex: createLane(24, 2, hexReading) }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 12, maxLength: 60 }), (text) => {
      const secret = text.replaceAll(/[^\0-\xff]/gu, 'x')
      for (const { spell, lengthOf, hashAt, hex } of keyForms) {
        const lane = hex ? lanes.hex : lanes.plain
        const spelled = spell(secret)
        expect(lengthOf(secret)).toBe(spelled.length)
        for (let start = 0; start + lane.width <= spelled.length; start += 1) {
          let hash = 0
          for (const character of spelled.slice(start, start + lane.width))
            hash = (Math.imul(hash, factor) + (lane.come[character.charCodeAt(0)] as number)) | 0
          if (hashAt(secret, start, lane) !== hash) throw new Error(`${JSON.stringify(secret)} at ${start}`)
        }
      }
    }),
    { numRuns: 300 },
  )
})
