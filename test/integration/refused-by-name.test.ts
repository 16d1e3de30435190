import { describe, expect, test } from 'vitest'
import { createLogLedger } from '@postern/instance'
import { forEachDoor } from '../support/for-each-door.js'
import { rawExchange } from '../support/raw-exchange.js'

const page = 'https://app.example.com'

describe('the log names what was refused', () => {
  forEachDoor({ config: { listen: { hosts: ['app.example.com'] }, browser: { origins: [page] } } }, (house) => {
    const ask = (lines: readonly string[], method = 'GET') =>
      rawExchange(house().origin, [`${method} /ai/v1/models HTTP/1.1`, ...lines, '', ''].join('\r\n'), { oneAnswer: true })
    const last = () => house().ledger.entries.at(-1)

    test.each(['evil.example', 'evil.example:8443', '127.0.0.1'])('a host: %s', async (host) => {
      expect(await ask([`Host: ${host}`])).toContain('421')
      expect(last()).toMatchObject({ code: 'host_not_allowed', refused: host })
    })

    test.each(['https://evil.example', 'null', 'https://app.example.com.evil.example'])('an origin: %s', async (origin) => {
      expect(await ask(['Host: app.example.com', `Origin: ${origin}`])).toContain('403')
      expect(last()).toMatchObject({ code: 'origin_not_allowed', refused: origin })
    })

    test('the origin of a preflight, after which a browser asks nothing further', async () => {
      await ask(['Host: app.example.com', 'Origin: https://evil.example', 'Access-Control-Request-Method: POST'], 'OPTIONS')
      expect(house().ledger.events.at(-1)).toMatchObject({ event: 'preflight_refused', origin: 'https://evil.example' })
      const before = house().ledger.events.length
      await ask(['Host: app.example.com', `Origin: ${page}`, 'Access-Control-Request-Method: POST'], 'OPTIONS')
      expect(house().ledger.events.length).toBe(before)
    })

    test('a page of another origin than its session’s', async () => {
      const { token } = await house().minter.mint({ user: 'ada', team: 'acme', origin: 'https://other.example' })
      expect(await ask(['Host: app.example.com', `Origin: ${page}`, `Authorization: Bearer ${token}`])).toContain('403')
      expect(last()).toMatchObject({ code: 'origin_not_allowed', refused: page })
    })

    test('in 200 characters at most, on one line, whatever was sent', async () => {
      await ask(['Host: app.example.com', `Origin: https://${'x'.repeat(4000)}.example`])
      expect(last()?.refused).toHaveLength(200)
      await ask(['Host: app.example.com', 'Origin: https://\x80\xff"\\.example'])
      let lines = ''
      const ledger = createLogLedger({ write: (text) => (lines += text), flush: () => Promise.resolve() })
      ledger.append(last() as NonNullable<ReturnType<typeof last>>)
      await ledger.close()
      expect(lines).toMatch(/^[\x20-\x7e]+\n$/)
      expect(JSON.parse(lines)).toMatchObject({ code: 'origin_not_allowed' })
    })
  })
})
