import { createSessionMinter } from '@postern/server'
import { expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes in other letters: where bits of the last one say nothing, they are turned. */
function otherSpellings(part: string): readonly string[] {
  const unused = part.length % 4 === 2 ? 4 : part.length % 4 === 3 ? 2 : 0
  const last = alphabet.indexOf(part.at(-1) as string)
  const turned = Array.from({ length: 2 ** unused - 1 }, (_, bits) => part.slice(0, -1) + (alphabet[last ^ (bits + 1)] as string))
  return [...turned, `${part}=`, part.replaceAll('-', '+').replaceAll('_', '/')].filter((each) => each !== part)
}

forEachDoor({ config: { failedAuthentication: { limit: 1_000_000 } } }, (house) => {
  test('one-spelling-of-a-token: a session token is taken in the one spelling in which it was signed', async () => {
    const minter = createSessionMinter({ secret: house().sessionSecret })
    const statusOf = async (token: string): Promise<number> =>
      (await fetch(`${house().baseURL}/models`, { headers: { authorization: `Bearer ${token}` } })).status
    for (const user of ['ada', 'adam', 'adams']) {
      const { token } = await minter.mint({ user, team: 'acme' })
      expect(await statusOf(token)).toBe(200)
      const parts = token.split('.')
      const others = parts.flatMap((part, index) =>
        otherSpellings(part).map((spelling) => parts.map((each, at) => (at === index ? spelling : each)).join('.')),
      )
      expect(others.length).toBeGreaterThan(3)
      for (const other of others) expect(await statusOf(other)).toBe(401)
    }
  })
})
