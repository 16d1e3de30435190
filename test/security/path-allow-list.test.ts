import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { opened } from '../support/opened.js'
import { rawChat, statusOf } from '../support/raw-chat.js'

const tricks = [
  '/ai/v1/models%2F..%2Fdebug',
  '/ai/v1/%2e%2e/admin',
  '/ai/v1/../admin',
  '/ai/v1/./chat/completions',
  '/ai/v1/chat/../../admin',
  '/ai/v1/chat%252fcompletions',
  '/ai/v1/chat%5ccompletions',
  '/ai/v1/chat\\completions',
  '/ai/v1//chat/completions',
  '/ai/v1/chat//completions',
  '/ai/v1/chat/completions/',
  '/ai/v1/Chat/completions',
  '/ai/v1/chat/Completions;v=1',
  '/ai/v1/MODELS',
  '/ai/v1/chat;a=b/completions',
  '/ai/v1/',
  '/ai/v1',
  '/ai/v1/chat/completions%00',
  '/ai/v1/chat/completions%0d%0aX-Injected:%201',
  '/ai/v1/chat/%ef%bc%8e%ef%bc%8e/x',
  '/ai/v1/chat/completions#fragment',
  '/ai/../ai/v1/chat/completions',
  '/AI/../v1/chat/completions',
  'http://elsewhere.example/ai/v1/chat/completions',
  '/ai/v1/http://elsewhere.example/',
  '/ai/v1/chat/completions?x=%zz"<>',
  '//elsewhere.example/ai/v1/chat/completions',
  '/aiv1/chat/completions',
]

describe('path-allow-list', () => {
  forEachDoor({ gateway: 'freeai', settings: { endpoints: opened('unheard/{id}') } }, (house) => {
    test.each(tricks)('%s reaches no endpoint of the gateway', async (path) => {
      const before = house().emulator.seen.length
      const status = statusOf(await rawChat(house(), [], { path }))
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
      expect(
        house()
          .emulator.seen.slice(before)
          .map(({ url }) => url),
      ).toEqual([])
    })

    test.each(['debug/replay', 'benchmark/experiments', 'routing/config', 'budget', 'dashboard', 'analytics'])(
      'the gateway operator’s own %s is not for callers',
      async (path) => {
        const before = house().emulator.seen.length
        expect(await rawChat(house(), [], { path: `/ai/v1/${path}` })).toContain('endpoint_not_allowed')
        expect(house().emulator.seen.length).toBe(before)
      },
    )

    test('what is forwarded arrives as it was written', async () => {
      await rawChat(house(), [], { path: '/ai/v1/unheard/of!v=1?a=b&c=%20d' })
      expect(house().emulator.seen.at(-1)?.url).toBe('/v1/unheard/of!v=1?a=b&c=%20d')
    })
  })

  forEachDoor({ gateway: 'mintoken' }, (house) => {
    test.each(['auth/keys', 'auth/login', 'analytics/summary', 'rules', 'playground/compare'])(
      'the account’s %s is not for callers',
      async (path) => {
        const before = house().emulator.seen.length
        expect(await rawChat(house(), [], { path: `/ai/v1/${path}` })).toContain('endpoint_not_allowed')
        expect(house().emulator.seen.length).toBe(before)
      },
    )
  })
})
