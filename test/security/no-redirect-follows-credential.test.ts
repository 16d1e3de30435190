import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'

let thief: HostileUpstream
let upstream: HostileUpstream
/** What the upstream answers with: each test sets it before its one request. */
let redirect = { status: 302, location: '' }
beforeAll(async () => {
  thief = await startHostileUpstream((_request, response) => response.end(plainCompletion))
  upstream = await startHostileUpstream((_request, response) => response.writeHead(redirect.status, { Location: redirect.location }).end())
})
afterAll(async () => {
  await upstream.close()
  await thief.close()
})

describe('no-redirect-follows-credential', () => {
  forEachDoor(
    () => Promise.resolve({ baseURL: upstream.baseURL }),
    (house) => {
      for (const status of [300, 301, 302, 303, 307, 308]) {
        test.each(['another origin', 'itself'])(`a ${status} to %s ends here`, async (where) => {
          const before = upstream.seen.length
          redirect = { status, location: where === 'itself' ? '/stolen' : `${thief.origin}/stolen` }
          const answer = await house().chat()
          expect(answer.status).toBe(502)
          expect(await answer.json()).toMatchObject({ error: { code: 'gateway_answer_invalid' } })
          expect(answer.headers.get('location')).toBeNull()
          expect(upstream.seen.length - before).toBe(1)
          expect(thief.seen).toEqual([])
        })
      }
    },
  )
})
