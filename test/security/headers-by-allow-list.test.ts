import { checkConfig } from '@postern/config'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { ofClients, steering, tracing } from '../support/headers-for-gateways.js'
import type { House } from '../support/house.js'
import { rawChat, statusOf } from '../support/raw-chat.js'

/** What reached the gateway of a call with such a header, by its name without case and punctuation. */
async function passed(house: House, name: string, value = 'of-the-client'): Promise<readonly string[]> {
  const before = house.emulator.seen.length
  const answer = await rawChat(house, [`${name}: ${value}`])
  expect(statusOf(answer)).toBe(200)
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const seen = house.emulator.seen.slice(before)
  expect(seen).toHaveLength(1)
  return seen.flatMap(({ headers }) =>
    headers.filter(([each, sent]) => plain(each) === plain(name) || sent.includes('of-the-client')).map(([each]) => each),
  )
}

describe('headers-by-allow-list', () => {
  for (const gateway of ['joytoken', 'freeai', 'mintoken'] as const) {
    describe(`in front of ${gateway}`, () => {
      forEachDoor({ gateway }, (house) => {
        test.each(steering)('%s of a client does not reach the gateway', async (name) => expect(await passed(house(), name)).toEqual([]))

        test.each(tracing)('%s, which belongs to a tracing vendor, does not reach the gateway', async (name) =>
          expect(await passed(house(), name)).toEqual([]),
        )

        test.each(ofClients)('%s, which official clients send, reaches the gateway', async (name) =>
          expect(await passed(house(), name)).toEqual([name]),
        )

        test('the gateway sees no header besides the listed ones and those that Postern writes', async () => {
          await house().chat({ headers: { 'x-made-up': '1', dnt: '1', priority: 'u=1', 'x-requested-with': 'fetch' } })
          const names =
            house()
              .emulator.seen.at(-1)
              ?.headers.map(([name]) => name.toLowerCase()) ?? []
          const known = [
            ['accept', 'accept-language', 'content-type', 'user-agent', 'host', 'connection', 'content-length', 'accept-encoding'],
            ['authorization', 'x-request-id', 'traceparent', 'x-provider-key', 'x-gateway-project-id'],
          ].flat()
          expect(names.filter((name) => !known.includes(name))).toEqual([])
        })
      })
    })
  }

  forEachDoor({ gateway: 'joytoken', settings: { passHeaders: ['X-My-Feature', 'http-referer'] } }, (house) => {
    test.each(['x-my-feature', 'X-MY-FEATURE', 'HTTP-Referer'])('%s, which the operator adds, reaches the gateway', async (name) =>
      expect(await passed(house(), name)).toEqual([name]),
    )

    test.each(['X_My_Feature', 'x-my_feature', 'X-My-Feature-2', 'X-My', 'X-Portkey-Custom-Host'])(
      '%s, which is another name than the operator adds, does not',
      async (name) => expect(await passed(house(), name)).toEqual([]),
    )

    test('a header of the list that the connection is said to own goes no further', async () => {
      const before = house().emulator.seen.length
      await rawChat(house(), ['X-My-Feature: of-the-client', 'Connection: close, x-my-feature'])
      expect(
        house()
          .emulator.seen.slice(before)
          .map(({ headers }) => headers.filter(([, value]) => value.includes('of-the-client'))),
      ).toEqual([[]])
    })
  })
})

describe('headers that an operator cannot have passed on', () => {
  const problemsOf = (name: string, dialect = 'openai'): readonly string[] => {
    const config = {
      version: 1,
      gateways: { main: { dialect, ...(dialect === 'openai' ? { baseURL: 'https://gateway.example.com/v1' } : {}), passHeaders: [name] } },
      keys: {},
      bindings: [],
      callers: {},
    }
    return checkConfig(config, { env: {}, directory: process.cwd() }).problems.flatMap(({ path, severity }) =>
      severity === 'error' && path.startsWith('gateways') ? [path] : [],
    )
  }

  test.each(
    [
      steering.filter((name) => !/_|Referer|Title|Feature|Priority|Options|spend-logs|timeout|tags|safety|profile|spend/i.test(name)),
      tracing,
      [
        'Authorization',
        'Cookie',
        'X-API-Key',
        'api-key',
        'X-My-Token',
        'Proxy-Authorization',
        'X-Forwarded-For',
        'X-Forwarded-Host',
        'Forwarded',
      ],
      [
        'X-Real-IP',
        'Connection',
        'TE',
        'Transfer-Encoding',
        'Content-Length',
        'Content-Encoding',
        'Host',
        'Upgrade',
        'Expect',
        'X-Request-ID',
      ],
      [
        'traceparent',
        'Postern-Act-As',
        'X-HTTP-Method-Override',
        'X-Original-URL',
        'CustomHost',
        'x-virtualkey',
        'X-Gateway-Force-Provider',
        'X-BaseUrl',
      ],
    ].flat(),
  )('%s is refused with the place where it stands', (name) => {
    expect(problemsOf(name)).toEqual(['gateways.main.passHeaders[0]'])
  })

  test.each([
    ['X-Mintoken-Intensity', 'mintoken'],
    ['X-Provider-Key', 'mintoken'],
    ['x-gateway-project-id', 'freeai'],
  ])('%s is refused, since Postern writes it for %s', (name, dialect) =>
    expect(problemsOf(name, dialect)).toEqual(['gateways.main.passHeaders[0]']),
  )

  test.each(['x-my-feature', 'X-Title', 'HTTP-Referer', 'x-portkey-metadata', 'Helicone-Property-App', 'x-experiment-b'])(
    '%s says nothing of that and is taken',
    (name) => expect(problemsOf(name)).toEqual([]),
  )

  test.each(['x my feature', 'x_feature', '', 'x-*', 'a'.repeat(65)])('%j is the name of no header', (name) => {
    expect(problemsOf(name)).toEqual(['gateways.main.passHeaders[0]'])
  })
})
