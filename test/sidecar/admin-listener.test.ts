import type { Server } from 'node:http'
import { randomBytes } from 'node:crypto'
import { Secret } from '@postern/ports'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAdminListener } from '../../sidecar/src/admin-listener.js'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'

const secret = randomBytes(24).toString('base64url')
const body = '{"user":"ada"}'
const many = Array.from({ length: 2100 }, (_, index) => `x${index}: y`)

let house: House
let server: Server
let origin: string
beforeAll(async () => {
  house = await openHouse()
  server = createAdminListener({ instance: house.runtime, secret: new Secret(secret) })
  origin = await listenAnywhere(server)
})
afterAll(async () => {
  server.close()
  await house.close()
})

/** Asks for a revocation with these lines in place of the usual ones. */
function ask({
  version = 'HTTP/1.1',
  host = ['Host: admin.test'],
  authorization = [`Authorization: Bearer ${secret}`],
  length = [`Content-Length: ${body.length}`],
  further = [],
}: Readonly<Record<string, string | readonly string[]>>): Promise<string> {
  const lines = [`POST /admin/v1/revocations ${String(version)}`, host, authorization, 'Content-Type: application/json', length, further]
  return rawExchange(origin, `${lines.flat().join('\r\n')}\r\n\r\n${body}`, { oneAnswer: true })
}

describe('the admin listener', () => {
  test('does what a request in order asks for', async () => {
    expect(await ask({})).toMatch(/^HTTP\/1\.1 201 /)
    expect(await ask({ authorization: [`Authorization: bearer  ${secret}`] })).toMatch(/^HTTP\/1\.1 201 /)
  })

  test.each<[what: string, status: number, lines: Parameters<typeof ask>[0]]>([
    ['two hosts', 400, { host: ['Host: admin.test', 'Host: other.test'] }],
    ['a host that is none', 400, { host: ['Host: a b/@'] }],
    ['no host', 400, { host: [] }],
    ['two credentials', 400, { authorization: [`Authorization: Bearer ${secret}`, 'Authorization: Bearer other'] }],
    ['something behind its secret', 401, { authorization: [`Authorization: Bearer ${secret} x`] }],
    ['a coding of its body beside the chunks', 400, { length: ['Transfer-Encoding: gzip, chunked'] }],
    ['an origin behind more lines than Node keeps', 431, { further: [...many, 'Origin: https://evil.example'] }],
    ['another version of HTTP', 400, { version: 'HTTP/2.0' }],
    ['an odd expectation', 400, { further: ['Expect: the-unexpected'] }],
  ])('refuses a request with %s, with a request id and the error envelope', async (_, status, lines) => {
    const answer = await ask(lines)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/^x-request-id: \S+\r$/im)
    expect(answer).toContain('"error":{')
  })
})
