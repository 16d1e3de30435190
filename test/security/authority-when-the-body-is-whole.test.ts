import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Arrival, type Principal, Refusal } from '@postern/ports'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { watchBody } from '../../packages/core/src/read/watch-body.js'
import { createConfirm } from '../../packages/core/src/resolve/confirm.js'
import type { Gateway, Route } from '../../packages/core/src/resolve/route.js'
import { forEachDoor } from '../support/for-each-door.js'
import { plainGateway, plainLease } from '../support/plain-gateway.js'
import { refusalOf } from '../support/refusal-of.js'

const gateway = plainGateway()
const routeOf = (alias: string, mayStore = false, at: Gateway = gateway): Route =>
  ({ key: plainLease(alias, at, mayStore), gateway: at, endpoint: undefined }) as unknown as Route
const arrivalOf = (ageMs: number): Arrival => ({ watch: { wholeMs: () => ageMs } }) as unknown as Arrival
const somebody = { via: 'session' } as unknown as Principal

/** Until a session is over, and a call that was sent before is old enough to be looked at again. */
async function untilOver(expiresAt: number): Promise<void> {
  const oldMs = Date.now() + 1500
  await vi.waitUntil(() => Date.now() > Math.max(expiresAt * 1000, oldMs), { timeout: 10_000, interval: 50 })
}

describe('authority-when-the-body-is-whole', () => {
  const before = routeOf('acme')
  const nobody = (): never => {
    throw new Refusal('caller_missing')
  }
  const noKey = (): never => {
    throw new Refusal('no_key_for_caller')
  }

  test('a call whose body came at once is not looked at again', () => {
    const confirm = createConfirm(nobody, noKey, () => true)
    expect(confirm(arrivalOf(900), { ...somebody, expiresAt: 1 }, before, null)).toBe(before)
  })

  test.each([
    ['whose credential expired meanwhile', { expiresAt: Date.now() - 1 }, () => routeOf('acme'), false, 'caller_expired'],
    ['whose binding was taken away', {}, noKey, false, 'no_key_for_caller'],
    ['that has another key', {}, () => routeOf('globex'), false, 'draining'],
    ['whose key is shared since', {}, () => routeOf('acme', true), false, 'draining'],
    ['whose key is of another gateway', {}, () => routeOf('acme', false, plainGateway()), false, 'draining'],
    ['that began under a configuration that was replaced', {}, () => routeOf('acme'), true, 'draining'],
  ] as const)('a call %s is refused', (_, further, resolve, isReplaced, code) => {
    const confirm = createConfirm(nobody, resolve, () => isReplaced)
    expect(refusalOf(() => confirm(arrivalOf(9000), { ...somebody, ...further }, before, null))).toMatchObject({ code })
  })

  test('a cookie is asked about again: a call of somebody who signed out, or as whom somebody else signed in, is refused', async () => {
    const ann = { via: 'forwardAuth', user: 'ann', team: 'acme' } as unknown as Principal
    const confirmAs = async (now: () => Principal | Promise<Principal>): Promise<Route> =>
      createConfirm(
        now,
        () => before,
        () => false,
      )(arrivalOf(1500), ann, before, null)
    expect(await confirmAs(() => ({ ...ann }))).toBe(before)
    expect(await confirmAs(() => Promise.resolve({ ...ann }))).toBe(before)
    for (const other of [{ user: 'bob' }, { team: 'globex' }, { project: 'p' }]) {
      await expect(confirmAs(() => ({ ...ann, ...other }))).rejects.toMatchObject({ code: 'caller_invalid' })
    }
    await expect(confirmAs(() => Promise.reject(new Refusal('caller_missing')))).rejects.toMatchObject({ code: 'caller_missing' })
  })

  test('a credential that was replaced is looked at again, and starts no call once its time is over', async () => {
    const former = { via: 'service', caller: 'app', team: 'acme', former: true } as unknown as Principal
    const over = (): never => {
      throw new Refusal('caller_expired')
    }
    const confirm = createConfirm(
      over,
      () => before,
      () => false,
    )
    expect(refusalOf(() => confirm(arrivalOf(1500), former, before, null))).toMatchObject({ code: 'caller_expired' })
    expect(confirm(arrivalOf(1500), { ...former, former: undefined }, before, null)).toBe(before)
  })

  test('a call goes on with the secret of now of the same key, also where that is waited for', async () => {
    const now = routeOf('acme')
    expect(
      createConfirm(
        nobody,
        () => now,
        () => false,
      )(arrivalOf(9000), somebody, before, null),
    ).toBe(now)
    expect(
      await createConfirm(
        nobody,
        () => Promise.resolve(now),
        () => false,
      )(arrivalOf(9000), somebody, before, null),
    ).toBe(now)
    await expect(
      createConfirm(
        nobody,
        () => Promise.resolve(routeOf('globex')),
        () => false,
      )(arrivalOf(9000), somebody, before, null),
    ).rejects.toThrow()
  })

  test.each([
    ['expired', 'caller_expired', { expiresAt: 0 }, () => before, false],
    ['has no key any more', 'no_key_for_caller', {}, noKey, false],
    ['is of a configuration that was replaced', 'draining', {}, () => before, true],
  ] as const)(
    'the last byte of a body that streams through does not go on for a caller whose authority %s',
    async (_, code, further, resolve, now) => {
      let ageMs = 0
      let isReplaced = false
      const arrival = { watch: { wholeMs: () => ageMs } } as unknown as Arrival
      const source = new PassThrough()
      const body = watchBody(source, 1000)
      const passed: string[] = []
      body.on('data', (piece: Buffer) => passed.push(piece.toString()))
      const confirm = createConfirm(
        nobody,
        () => (ageMs === 0 ? before : resolve()),
        () => isReplaced,
      )
      expect(confirm(arrival, { ...somebody, ...further }, before, body)).toBe(before)
      source.write('first')
      source.write('second')
      await vi.waitUntil(() => passed.join('') === 'firstsecon')
      ageMs = 9000
      isReplaced = now
      source.end()
      const [error] = await once(body, 'error')
      expect([error.code, passed.join('')]).toEqual([code, 'firstsecon'])
    },
  )

  test('every piece of a body that streams through goes on, in order, for a caller whose authority holds', async () => {
    const source = new PassThrough()
    const body = watchBody(source, 1000)
    const confirm = createConfirm(
      nobody,
      () => Promise.resolve(before),
      () => false,
    )
    await confirm(arrivalOf(9000), somebody, before, body)
    source.end(Buffer.from('one piece'))
    expect(await text(body)).toBe('one piece')
    expect(await text(watchBody(Readable.from([]), 1000))).toBe('')
    expect(await text(watchBody(Readable.from(['a', 'b', 'c'].map((piece) => Buffer.from(piece))), 1000))).toBe('abc')
  })
})

forEachDoor({}, (house) => {
  test('authority-when-the-body-is-whole: a session that expires while its call holds the body back starts no call', async () => {
    const { token, expiresAt } = await house().minter.mint({ user: 'ann', team: 'acme', ttl: 2 })
    const body = JSON.stringify({ model: house().model, messages: [{ role: 'user', content: 'Hi' }] })
    const { hostname, port, host } = new URL(house().origin)
    const path = new URL(`${house().baseURL}/chat/completions`).pathname
    const socket = connect(Number(port), hostname)
    const answer = new Promise<string>((whole) => {
      let text = ''
      socket.on('data', (piece: Buffer) => (text += piece.toString())).on('close', () => whole(text))
    })
    const lines = [
      `POST ${path} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Connection: close',
    ]
    socket.write(`${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body.slice(0, -1)}`)
    const { length } = house().emulator.seen
    await untilOver(expiresAt)
    socket.write(body.slice(-1))
    expect(await answer).toMatch(/^HTTP\/1\.1 401 [\s\S]*caller_expired/)
    expect(house().emulator.seen).toHaveLength(length)
  })
})

describe('authority-when-the-body-is-whole: a form that streams through', () => {
  let received = 0
  const upstream = createServer((request, response) => {
    request.on('end', () => {
      received += 1
      response.setHeader('content-type', 'application/json').end('{"text":"Hello"}')
    })
    request.on('error', () => {}).resume()
  })
  const form = [
    '--x',
    'Content-Disposition: form-data; name="file"; filename="a.wav"',
    'Content-Type: audio/wav',
    '',
    'a'.repeat(9000),
    '--x--',
    '',
  ].join('\r\n')

  forEachDoor(
    async () => {
      if (!upstream.listening) await once(upstream.listen(0, '127.0.0.1'), 'listening')
      return { gateway: 'freeai', baseURL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1` }
    },
    (house) => {
      test.each(['with its length', 'in chunks'])(
        '%s is not whole at the gateway if its session expires before its last byte',
        async (how) => {
          const { hostname, port, host } = new URL(house().origin)
          const path = new URL(`${house().baseURL}/audio/transcriptions`).pathname
          const send = async (holdsBack: boolean): Promise<string> => {
            const { token, expiresAt } = await house().minter.mint({ user: 'ann', team: 'acme', ttl: 2 })
            const socket = connect(Number(port), hostname)
            const answer = text(socket)
            const isChunked = how === 'in chunks'
            const lines = [
              `POST ${path} HTTP/1.1`,
              `Host: ${host}`,
              `Authorization: Bearer ${token}`,
              'Content-Type: multipart/form-data; boundary=x',
              isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${form.length}`,
              'Connection: close',
            ]
            const pieceOf = (piece: string): string => (isChunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece)
            socket.write(`${lines.join('\r\n')}\r\n\r\n${pieceOf(form.slice(0, -1))}`)
            if (holdsBack) await untilOver(expiresAt)
            socket.write(`${pieceOf(form.slice(-1))}${isChunked ? '0\r\n\r\n' : ''}`)
            return answer
          }
          const before = received
          expect(await send(false)).toMatch(/^HTTP\/1\.1 200 /)
          expect(received).toBe(before + 1)
          expect(await send(true)).toMatch(/^HTTP\/1\.1 401 [\s\S]*caller_expired/)
          expect(received).toBe(before + 1)
        },
      )
    },
  )
  afterAll(() => {
    upstream.close()
  })
})
