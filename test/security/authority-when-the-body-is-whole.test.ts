import { connect } from 'node:net'
import { type Arrival, type Principal, Refusal } from '@postern/ports'
import { describe, expect, test, vi } from 'vitest'
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
    expect(confirm(arrivalOf(900), { ...somebody, expiresAt: 1 }, before)).toBe(before)
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
    expect(refusalOf(() => confirm(arrivalOf(9000), { ...somebody, ...further }, before))).toMatchObject({ code })
  })

  test('a cookie is asked about again: a call of somebody who signed out, or as whom somebody else signed in, is refused', async () => {
    const ann = { via: 'forwardAuth', user: 'ann', team: 'acme' } as unknown as Principal
    const confirmAs = async (now: () => Principal | Promise<Principal>): Promise<Route> =>
      createConfirm(
        now,
        () => before,
        () => false,
      )(arrivalOf(1500), ann, before)
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
    expect(refusalOf(() => confirm(arrivalOf(1500), former, before))).toMatchObject({ code: 'caller_expired' })
    expect(confirm(arrivalOf(1500), { ...former, former: undefined }, before)).toBe(before)
  })

  test('a call goes on with the secret of now of the same key, also where that is waited for', async () => {
    const now = routeOf('acme')
    expect(
      createConfirm(
        nobody,
        () => now,
        () => false,
      )(arrivalOf(9000), somebody, before),
    ).toBe(now)
    expect(
      await createConfirm(
        nobody,
        () => Promise.resolve(now),
        () => false,
      )(arrivalOf(9000), somebody, before),
    ).toBe(now)
    await expect(
      createConfirm(
        nobody,
        () => Promise.resolve(routeOf('globex')),
        () => false,
      )(arrivalOf(9000), somebody, before),
    ).rejects.toThrow()
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
    await vi.waitUntil(() => Date.now() > expiresAt * 1000, { timeout: 10_000, interval: 50 })
    socket.write(body.slice(-1))
    expect(await answer).toMatch(/^HTTP\/1\.1 401 [\s\S]*caller_expired/)
    expect(house().emulator.seen).toHaveLength(length)
  })
})
