import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { ChatOptions } from '../support/house.js'
import { createProver } from '../support/prover.js'

describe('same-idempotency-key-of-two-callers', () => {
  forEachDoor(
    {
      config: {
        bindings: [
          { team: 'acme', key: 'acme' },
          { team: 'globex', key: 'acme' },
        ],
        listen: { trustedProxies: ['127.0.0.1', '::1'] },
      },
      callers: { anonymous: { team: 'acme', limit: 1000 } },
    },
    (house) => {
      const lastKey = (): string | undefined => {
        const headers = house().emulator.seen.at(-1)?.headers ?? []
        return headers.find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1]
      }

      /** What the gateway got as `Idempotency-Key`, by the id of each request. */
      const sentAs = new Map<string | null, string | undefined>()

      /** What the gateway got as `Idempotency-Key`: with this call, or with the one whose answer a repeat of it got. */
      async function sentFor(key: string, options: ChatOptions): Promise<string | undefined> {
        const before = house().emulator.seen.length
        const answer = await house().chat({ ...options, headers: { ...options.headers, 'idempotency-key': key } })
        expect(answer.status).toBe(200)
        await answer.arrayBuffer()
        const id = answer.headers.get('x-request-id')
        if (house().emulator.seen.length > before) sentAs.set(id, lastKey())
        expect(sentAs.has(id)).toBe(true)
        return sentAs.get(id)
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

      const ofTeam = async (): Promise<ChatOptions> => ({ credential: (await house().minter.mint({ team: 'acme' })).token })
      /** A session of a team that has no id. */
      const withoutId = async (more: Readonly<Record<string, unknown>> = {}): Promise<ChatOptions> => {
        const iat = Math.floor(Date.now() / 1000)
        const signing = new SignJWT({ team: 'acme', aud: 'postern', iat, exp: iat + 60, ...more })
        const header = { alg: 'HS256', typ: 'postern-session+jwt' }
        return { credential: await signing.setProtectedHeader(header).sign(Buffer.from(house().sessionSecret)) }
      }
      const from = (address: string): ChatOptions => ({ credential: null, headers: { 'x-forwarded-for': address } })

      test('callers without a user are told apart, each by what it alone has', async () => {
        const callers: readonly ChatOptions[] = [
          await ofTeam(),
          await ofTeam(),
          await withoutId(),
          await withoutId({ ext: { page: 2 } }),
          await withoutId({ jti: 'anonymous' }),
          await withoutId({ jti: 'acme' }),
          from('198.51.100.7'),
          from('198.51.100.8'),
          from('2001:db8:1::7'),
          from('2001:db8:2::7'),
          { credential: house().callers.acme },
        ]
        const sent: (string | undefined)[] = []
        for (const caller of callers) sent.push(await sentFor('order-42', caller))
        expect(new Set(sent).size).toBe(callers.length)
        for (const [index, caller] of callers.entries()) expect(await sentFor('order-42', caller)).toBe(sent[index])
      })

      test('two sessions without a user that are bound to one key are of one caller', async () => {
        const prover = await createProver()
        const sentUnder = async ({ jkt, prove }: typeof prover): Promise<string | undefined> => {
          const { token } = await house().minter.mint({ team: 'acme', jkt })
          const dpop = await prove('POST', `${house().baseURL}/chat/completions`, token)
          return await sentFor('order-42', { credential: null, headers: { authorization: `DPoP ${token}`, dpop } })
        }
        const first = await sentUnder(prover)
        expect(await sentUnder(prover)).toBe(first)
        expect(await sentUnder(await createProver())).not.toBe(first)
      })

      test.each([undefined, '', ' ', '\t '])('a call without one, or with one of nothing, gets none: %j', async (key) => {
        expect((await house().chat(key === undefined ? {} : { headers: { 'idempotency-key': key } })).status).toBe(200)
        expect(lastKey()).toBeUndefined()
      })
    },
  )

  forEachDoor(
    {
      callers: { anonymous: { user: 'anybody', team: 'acme', limit: 1000 } },
      config: { listen: { trustedProxies: ['127.0.0.1', '::1'] } },
    },
    (house) => {
      test('anonymous callers that the operator gives one user name are told apart all the same', async () => {
        const sent = new Set<string | undefined>()
        for (const address of ['198.51.100.7', '198.51.100.8']) {
          const headers = { 'x-forwarded-for': address, 'idempotency-key': 'order-42' }
          expect((await house().chat({ credential: null, headers })).status).toBe(200)
          sent.add(
            house()
              .emulator.seen.at(-1)
              ?.headers.find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1],
          )
        }
        expect(sent.size).toBe(2)
      })
    },
  )
})
