import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createTrust } from '@postern/config'
import { createBackend, createNodeDoor, guardServer } from '@postern/instance'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, listenAnywhere, openDoor, openHouse } from '../support/house.js'
import { say, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js'

/*
 * What reads a head reads it before anybody is known. Its cost grows with its length and no faster; what is measured
 * is growth, in processor time of this process, and never a time by itself.
 */

/** What a text is filled with that makes a reader go back and forth. */
const units = [
  'x',
  ' \t',
  ...', |,|a,| ,|;|; |; a|;a=|;charset|=|=;|"|\\"|.|./|../|/|//|%|%2|&|&a=|:|:1|[|]|[::|0|(|-|_|*|\\|\xa0|\xff|A|1.|::ffff:|eyJ.|http://|@'.split(
    '|',
  ),
]

const shapes: readonly (readonly [what: string, fill: (length: number) => string])[] = [
  ...units.map((unit): readonly [string, (length: number) => string] => [
    JSON.stringify(unit),
    (length) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length),
  ]),
  ['blanks in the middle', (length) => `close,x${' '.repeat(length - 8)}y`],
  ['tabs in the middle', (length) => `a;charset${'\t'.repeat(length - 10)}y`],
  ['blanks behind an equals sign', (length) => `a=${' '.repeat(length - 3)}y`],
  ['blanks behind a comma at the end', (length) => `keep-alive,${' '.repeat(length - 12)},`],
  ['a quote that does not end', (length) => `a; b="${'\\'.repeat(length - 6)}`],
  ['a word and digits', (length) => `utf-8:${'9'.repeat(length - 7)}x`],
]

const names =
  'Connection Keep-Alive Upgrade TE Accept Content-Type Cookie Origin Authorization DPoP Forwarded User-Agent X-Forwarded-For X-Forwarded-Host ' +
  'X-Forwarded-Proto X-Request-ID X-Workflow-ID Traceparent Tracestate Baggage Sec-Fetch-Site Idempotency-Key Postern-Act-As ' +
  'Content-Encoding Access-Control-Request-Method X-Anything'

/** Where the text stands in a request. */
const places: readonly (readonly [place: string, write: (text: string) => { readonly target?: string; readonly line?: string }])[] = [
  ...names.split(' ').map((name): (typeof places)[number] => [name, (text) => ({ line: `${name}: ${text}` })]),
  ['a Bearer token', (text) => ({ line: `Authorization: Bearer ${text}` })],
  ['a target', (text) => ({ target: `/${text.replaceAll(/[^\x21-\x7e]/g, '_')}` })],
  ['a query', (text) => ({ target: `?${text.replaceAll(/[^\x21-\x7e]/g, '+')}` })],
  ['a name', (text) => ({ line: `x${text.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}: a` })],
]

const large = 14_000
const small = large / 4
/** Four times the length may cost four times as much; a quadratic reader takes sixteen. */
const mostGrowth = 8
const requestsInOne = 3

class Line {
  readonly #socket: Socket
  #waiting: (() => void) | undefined
  #received = ''

  constructor(origin: string) {
    const { hostname, port } = new URL(origin)
    this.#socket = connect(Number(port), hostname)
    this.#socket.on('error', () => {})
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1')
      if ((this.#received.match(/HTTP\/1\.1 /g)?.length ?? 0) >= requestsInOne) this.#waiting?.()
    })
    this.#socket.on('close', () => this.#waiting?.())
  }

  /** Processor time of some requests, in microseconds. */
  async cost(text: string): Promise<number> {
    this.#received = ''
    const done = new Promise<void>((resolve) => {
      this.#waiting = resolve
    })
    const before = process.cpuUsage()
    this.#socket.write(Buffer.from(text.repeat(requestsInOne), 'latin1'))
    await done
    const { user, system } = process.cpuUsage(before)
    return user + system
  }

  end(): void {
    this.#socket.destroy()
  }
}

/** The least of some tries, each on a connection of its own: what the machine does besides only adds. */
async function leastCost(origin: string, text: string, tries: number): Promise<number> {
  let least = Infinity
  for (let index = 0; index < tries; index += 1) {
    const line = new Line(origin)
    least = Math.min(least, await line.cost(text))
    line.end()
  }
  return least
}

/** Shapes that cost much more than a plain text of their length, and grow faster than it, each time they are measured. */
async function findSteep(cost: (text: string, tries: number) => Promise<number>): Promise<string[]> {
  const plain = await cost('x'.repeat(large), 5)
  const steep: string[] = []
  for (const [what, fill] of shapes) {
    let growth = Infinity
    for (let round = 0; round < 3 && growth > mostGrowth; round += 1) {
      const most = await cost(fill(large), 1)
      growth = most < 4 * plain ? 0 : Math.min(most, await cost(fill(large), 3)) / (await cost(fill(small), 3))
    }
    if (growth > mostGrowth) steep.push(`${what}: ${Math.round(growth)} times`)
  }
  return steep
}

const requestOf = (path: string, { target = '', line = 'X-Nothing: 1' }: { readonly target?: string; readonly line?: string }): string =>
  `GET ${path}${target} HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`

let house: House
let upstream: ScriptedUpstream
let servers: Server[]
let origins: Readonly<Record<'node' | 'express' | 'backend', string>>
let answerLine = ''
beforeAll(async () => {
  upstream = await startScriptedUpstream(() => (socket) => {
    if (answerLine === '') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    else say(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${answerLine}\r\n\r\nok`)(socket)
  })
  house = await openHouse({
    baseURL: `${upstream.origin}/v1`,
    config: { listen: { trustedProxies: ['127.0.0.1'] }, failedAuthentication: { limit: 1_000_000 } },
    callers: { forwardAuth: { url: `${upstream.origin}/whose`, claims: { user: 'id' } } },
  })
  const backend = createBackend({ url: upstream.origin, isTrusted: createTrust(['127.0.0.1']), headersMs: 5000 })
  const door = createNodeDoor(house.runtime, (request, response) => backend.pass(request, response))
  servers = [
    openDoor('node', house.runtime),
    openDoor('express', house.runtime),
    guardServer(createServer({ requireHostHeader: false }, door), house.runtime),
  ]
  const [node = '', express = '', behind = ''] = await Promise.all(servers.map(listenAnywhere))
  origins = { node, express, backend: behind }
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await house.close()
  await upstream.close()
})

describe.each(['node', 'express', 'backend'] as const)('linear-in-untrusted-bytes-of-heads: %s', (road) => {
  test.each(places)(
    'no shape of %s costs more than its length',
    async (_, write) => {
      const path = road === 'backend' ? '/page' : '/ai/v1/models'
      expect(await findSteep((text, tries) => leastCost(origins[road], requestOf(path, write(text)), tries))).toEqual([])
    },
    60_000,
  )
})

describe('linear-in-untrusted-bytes-of-heads: answers', () => {
  const names = [
    'Connection',
    'Keep-Alive',
    'Content-Type',
    'Content-Encoding',
    'Set-Cookie',
    'Cache-Control',
    'Vary',
    'Retry-After',
    'X-Anything',
  ]

  test.each(names)(
    'no shape of %s in an answer costs more than its length',
    async (name) => {
      const steep = await findSteep((text, tries) => {
        answerLine = `${name}: ${text}`
        return leastCost(origins.backend, requestOf('/page', {}), tries)
      })
      answerLine = ''
      expect(steep).toEqual([])
    },
    60_000,
  )
})
