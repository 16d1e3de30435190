import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { ChatOptions } from '../support/house.js'

describe('same-idempotency-key-of-two-callers', () => {
  forEachDoor(
    {
      config: {
        bindings: [
          { team: 'acme', key: 'acme' },
          { team: 'globex', key: 'acme' },
        ],
      },
    },
    (house) => {
      const lastKey = (): string | undefined => {
        const headers = house().emulator.seen.at(-1)?.headers ?? []
        return headers.find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1]
      }

      /** What the gateway got as `Idempotency-Key`. */
      async function sentFor(key: string, options: ChatOptions): Promise<string | undefined> {
        const { status } = await house().chat({ ...options, headers: { ...options.headers, 'idempotency-key': key } })
        expect(status).toBe(200)
        return lastKey()
      }

      const session = async (user: string, team: string, project?: string): Promise<ChatOptions> => ({
        credential: (await house().minter.mint({ user, team, ...(project === undefined ? {} : { project }) })).token,
      })

      test.each(['order-42', '1', 'a'.repeat(200), '{"a":"b"}'])(
        'callers of one gateway key that choose %s are told apart',
        async (key) => {
          const callers: readonly ChatOptions[] = [
            await session('ada', 'acme'),
            await session('ada', 'globex'),
            await session('bob', 'acme'),
            await session('ada', 'acme', 'labs'),
            { credential: house().callers.acme },
            { credential: house().callers.delegate, headers: { 'postern-act-as': 'team=acme' } },
            { credential: house().callers.delegate, headers: { 'postern-act-as': 'user=carol, team=globex' } },
          ]
          const sent: (string | undefined)[] = []
          for (const caller of callers) sent.push(await sentFor(key, caller))
          expect(new Set(sent).size).toBe(callers.length)
          expect(sent).not.toContain(key)
          for (const value of sent) expect(value).toMatch(/^[\w-]{43}$/)
        },
      )

      test('a caller that repeats a call repeats its key, with whichever credential', async () => {
        const first = await sentFor('order-42', await session('ada', 'acme'))
        expect(await sentFor('order-42', await session('ada', 'acme'))).toBe(first)
        const acting = { credential: house().callers.delegate, headers: { 'postern-act-as': 'user=ada, team=acme' } }
        expect(await sentFor('order-42', acting)).toBe(first)
        expect(await sentFor('order-43', acting)).not.toBe(first)
      })

      test('a call without one gets none', async () => {
        expect((await house().chat()).status).toBe(200)
        expect(lastKey()).toBeUndefined()
      })
    },
  )
})
