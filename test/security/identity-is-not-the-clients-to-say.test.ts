import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

/** In which proxies, platforms and frameworks say who is calling. */
const names = [
  'X-User',
  'X-User-Id',
  'X-User-Email',
  'X-User-Roles',
  'X-Username',
  'X-Auth-User',
  'X-Auth-Request-User',
  'X-Auth-Request-Email',
  'X-Auth-Token',
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Authenticated-User',
  'X-Authenticated-Userid',
  'X-Remote-User',
  'Remote-User',
  'X-Consumer-Username',
  'X-Credential-Identifier',
  'X-WebAuth-User',
  'X-Token-Subject',
  'X-Amzn-Oidc-Identity',
  'X-Goog-Authenticated-User-Email',
  'X-Goog-IAP-JWT-Assertion',
  'X-MS-Client-Principal-Name',
  'X-MS-Token-AAD-Id-Token',
  'Postern-Identity',
  'Postern-Act-As-User',
]

const isRefused = /^(?:X-Auth-Token|Postern-.*)$/

describe('identity-is-not-the-clients-to-say', () => {
  forEachDoor({}, (house) => {
    test.each(names)('%s goes no further, in any spelling, and changes nothing of who is calling', async (name) => {
      for (const spelling of [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_')]) {
        const before = house().emulator.seen.length
        const { status } = await house().chat({ headers: { [spelling]: 'root' } })
        // What names a credential, or would be a header of Postern's own, is refused; any other goes no further.
        if (status === 400 && isRefused.test(name)) {
          expect(house().emulator.seen.length).toBe(before)
          continue
        }
        expect(status).toBe(200)
        const sent = house().emulator.seen.at(-1)
        expect(JSON.stringify(sent?.headers)).not.toMatch(/root/)
        expect(house().ledger.entries.at(-1)).toMatchObject({ user: 'svc-acme', team: 'acme' })
      }
    })
  })
})
