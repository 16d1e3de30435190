import { createServer, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { listenAnywhere } from '../support/house.js'

const cameIn = 'endpoint_not_allowed'
const unasked = 'caller_check_unavailable'

/** Questions that one network may have open, and everybody together. */
const most = { ofNetwork: 64, inAll: 256 }

describe('a-crowd-is-asked-about-in-turn', () => {
  let server: Server
  let url: string
  /** Questions that the backend has and does not answer; `undefined` where it answers each at once. */
  let held: ServerResponse[] | undefined
  beforeAll(async () => {
    server = createServer((_, response) => (held === undefined ? say(response) : held.push(response)))
    url = `${await listenAnywhere(server)}/me`
  })
  beforeEach(() => {
    held = []
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const release = (): void => {
    const waiting = held ?? []
    held = undefined
    waiting.forEach(say)
  }
  const untilHeld = (count: number): Promise<void> => expect.poll(() => held?.length, { timeout: 10_000 }).toBe(count)

  const options = (timeout: string) => () =>
    Promise.resolve({
      callers: { forwardAuth: { url, timeout } },
      config: {
        listen: { trustedProxies: ['127.0.0.1'] },
        connections: { underWay: 1000, perAddress: 5000 },
        failedAuthentication: { limit: 100_000 },
      },
    })

  let people = 0
  /** Somebody whom nobody knows yet; gives what he is refused for: the endpoint, where it was found out who he is. */
  const come = async (baseURL: string, address?: string): Promise<string | null> => {
    people += 1
    const headers = { cookie: `sid=${people}`, 'sec-fetch-site': 'same-origin' }
    const answer = await fetch(`${baseURL}/nothing`, {
      headers: address === undefined ? headers : { ...headers, 'x-forwarded-for': address },
    })
    await answer.arrayBuffer()
    return answer.headers.get('postern-refusal')
  }
  const crowd = (baseURL: string, count: number, addressOf: (index: number) => string | undefined): Promise<string | null>[] =>
    Array.from({ length: count }, (_, index) => come(baseURL, addressOf(index)))
  const tally = async (statuses: readonly Promise<string | null>[]): Promise<Readonly<Record<string, number>>> => {
    const counts: Record<string, number> = {}
    for (const status of await Promise.all(statuses)) counts[String(status)] = (counts[String(status)] ?? 0) + 1
    return counts
  }

  forEachDoor(options('15s'), (house) => {
    test.each([
      ['of many networks', 320, most.inAll, (index: number) => `203.0.${index >> 8}.${index & 255}`],
      ['of one network', 80, most.ofNetwork, () => '203.0.113.7'],
      ['behind a trusted proxy that tells no address', 80, 80, () => undefined],
    ])('people %s all come in, however many come at once', async (_, count, open, addressOf) => {
      const statuses = crowd(house().baseURL, count, addressOf)
      await untilHeld(open)
      await sleep(300)
      expect(held).toHaveLength(open)
      release()
      expect(await tally(statuses)).toEqual({ [cameIn]: count })
    })

    test('somebody of another network does not wait behind a network that waits', async () => {
      const crowded = crowd(house().baseURL, 100, () => '203.0.113.8')
      await untilHeld(most.ofNetwork)
      const other = come(house().baseURL, '198.51.100.1')
      await untilHeld(most.ofNetwork + 1)
      say(held?.at(-1) as ServerResponse)
      expect(await other).toBe(cameIn)
      release()
      expect(await tally(crowded)).toEqual({ [cameIn]: 100 })
    })
  })

  forEachDoor(options('500ms'), (house) => {
    test('nobody waits for a backend that never answers longer than it may take, and the next is asked about', async () => {
      expect(await tally(crowd(house().baseURL, 100, () => '203.0.113.10'))).toEqual({ [unasked]: 100 })
      release()
      expect(await come(house().baseURL, '203.0.113.10')).toBe(cameIn)
    })
  })
})

function say(response: ServerResponse): void {
  response.end(JSON.stringify({ user: 'ada', team: 'acme' }))
}
