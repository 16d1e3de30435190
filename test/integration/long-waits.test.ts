import { parseGovernance } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHostileUpstream, type HostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, openHouse } from '../support/house.js'

const page = 'https://app.example.com'

/** When a date that is so many seconds away is read, a second of it may be over. */
const about = (seconds: number) => expect.toSatisfy((said: unknown) => said === seconds || said === seconds - 1)

describe.each(doorNames)('how long a gateway asks to wait, behind the %s door', (door) => {
  let house: House
  let upstream: HostileUpstream
  let said: { readonly status: number; readonly wait: () => string | undefined }
  beforeAll(async () => {
    upstream = await startHostileUpstream((_, response) => {
      const wait = said.wait()
      const headers = { 'content-type': 'application/json', ...(wait === undefined ? {} : { 'retry-after': wait }) }
      response.writeHead(said.status, headers).end('{"error":{"message":"Slow down."}}')
    })
    house = await openHouse({
      door,
      baseURL: upstream.baseURL,
      settings: { attempts: 1 },
      config: { browser: { origins: [page], record: 'public' } },
    })
  })
  afterAll(async () => {
    await house.close()
    await upstream.close()
  })
  const inSeconds = (seconds: number) => () => new Date(Date.now() + seconds * 1000).toUTCString()

  test.each<[status: number, wait: () => string, header: string | null, record: number]>([
    [429, () => '5', '5', 5],
    [429, () => '60', '60', 60],
    [429, () => '5 ', '5', 5],
    [429, () => '61', '60', 61],
    [429, () => '86400', '60', 86_400],
    [429, inSeconds(7200), '60', 7200],
    [503, () => '3600', '60', 3600],
    [504, () => '120', '60', 120],
    [402, () => '604800', null, 604_800],
  ])('of a %i is cut in the header and whole in the record: row %#', async (status, wait, header, record) => {
    said = { status, wait }
    for (const headers of [{}, { origin: page }]) {
      const answer = await house.chat({ headers })
      expect(answer.headers.get('retry-after')).toBe(header)
      expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({ retry_after: about(record) })
      expect(house.ledger.entries.at(-1)).toMatchObject({ retry_after: about(record) })
    }
  })

  test.each([undefined, 'soon', '1e3', '9'.repeat(400), '-1', '5, 6', '+5', '5;', '2099-01-01T00:00:00Z', 'Jan 1 2099', 'GMT 5'])(
    'that is no time is not in the record: %#',
    async (wait) => {
      said = { status: 429, wait: () => wait }
      const answer = await house.chat()
      expect(Number(answer.headers.get('retry-after'))).toBe(1)
      expect(parseGovernance(answer.headers.get('postern-governance'))).not.toHaveProperty('retry_after')
    },
  )
})
