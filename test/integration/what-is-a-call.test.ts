import { afterEach, describe, expect, test } from 'vitest'
import { doorNames, type House, openHouse } from '../support/house.js'

let house: House | undefined
afterEach(async () => {
  await house?.close()
  house = undefined
})

describe.each(doorNames)('the log, behind the %s door,', (door) => {
  test.each([
    ['limits', 'GET', 'acme', 200],
    ['limits', 'POST', 'acme', 405],
    ['limits', 'GET', undefined, 401],
    ['session', 'PUT', 'acme', 405],
    ['session', 'POST', undefined, 401],
  ] as const)('marks a request to /%s by %s of %s as one to Postern itself, with status %i', async (path, method, caller, status) => {
    house = await openHouse({ door })
    const headers = caller === undefined ? {} : { authorization: `Bearer ${house.callers[caller]}` }
    const answer = await fetch(house.baseURL.replace(/v1$/, path), { method, headers })
    expect(answer.status).toBe(status)
    expect(await house.ledger.entry(() => true)).toMatchObject({ own: true, attempt: 0, status })
  })

  test.each([
    ['without a credential', 401, { credential: null }],
    ['to an endpoint that is not listed', 403, undefined],
    ['under a limit of requests in a minute that is used up', 429, {}],
  ] as const)('has a call %s as a call of which nothing was sent, in its id too', async (_, status, options) => {
    house = await openHouse({
      door,
      config: { limits: { rules: [{ per: 'minute', requests: 1 }] }, ...(status === 403 ? { policies: { models: ['none/*'] } } : {}) },
    })
    if (status === 429) await (await house.chat()).text()
    const before = house.ledger.entries.length
    const answer = await house.chat(options)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-request-id')).toMatch(/\.0$/)
    const entry = await house.ledger.entry((each) => house?.ledger.entries.indexOf(each) === before)
    expect(entry).toMatchObject({ own: undefined, attempt: 0, finish: 'refused', status })
  })
})
