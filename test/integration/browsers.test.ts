import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const page = 'https://app.example.com'

describe('browsers', () => {
  forEachDoor({ config: { browser: { origins: [page] } } }, (house) => {
    const preflight = (origin: string) =>
      fetch(`${house().baseURL}/chat/completions`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-stainless-lang,x-workflow-id,x-step-id',
        },
      })

    test('a listed page may call with all that the openai client sends', async () => {
      const answer = await preflight(page)
      expect(answer.status).toBe(204)
      expect(answer.headers.get('access-control-allow-origin')).toBe(page)
      expect(answer.headers.get('access-control-allow-methods')).toContain('POST')
      for (const name of [
        'authorization',
        'content-type',
        'x-stainless-lang',
        'x-stainless-retry-count',
        'x-workflow-id',
        'x-step-id',
        'x-parent-step-id',
      ]) {
        expect(answer.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')).toContain(name)
      }
      // A wildcard or credentials would let pages in that nobody listed.
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
      expect(answer.headers.get('vary')).toBe('Origin')
    })

    test('a listed page may read the answer’s id and record, and a refusal’s too', async () => {
      for (const [body, status] of [
        [{}, 200],
        [{ apiKey: 'x' }, 400],
        [{ model: 'emulate/policy_rejected' }, 403],
      ] as const) {
        const answer = await house().chat({ headers: { origin: page }, body })
        expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, page])
        const exposed = answer.headers.get('access-control-expose-headers') ?? ''
        expect(exposed).toContain('X-Request-ID')
        expect(exposed).toContain('Postern-Governance')
        if (status === 400) expect(exposed).toContain('Postern-Refusal')
      }
    })

    test.each([
      'https://evil.example',
      'https://app.example.com.evil.example',
      'http://app.example.com',
      'https://APP.example.com:444',
      'null',
    ])('a page of %s may not', async (origin) => {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull()
      const before = house().emulator.seen.length
      const answer = await house().chat({ headers: { origin } })
      expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: 'origin_not_allowed' } }])
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      expect(house().emulator.seen.length).toBe(before)
    })

    test('the sidecar’s own pages may', async () => {
      expect((await house().chat({ headers: { origin: house().origin } })).status).toBe(200)
    })

    test('every answer carries what an API answer needs of page security', async () => {
      for (const answer of [await house().chat(), await house().chat({ credential: null }), await fetch(`${house().origin}/nothing`)]) {
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
        expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
        expect(answer.headers.get('x-powered-by')).toBeNull()
      }
    })
  })
})
