import { createServer } from 'node:http'
import type { Runtime } from '@postern/instance'
import express from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import { createAdminApi } from '../../sidecar/src/admin-api.js'
import { type House, listenAnywhere, openHouse } from '../support/house.js'

const words = "Cannot read properties of undefined (reading 'kept')"
const fails = (): never => {
  throw new TypeError(words)
}

describe('the admin API', () => {
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  async function open(broken: (house: House) => Partial<Runtime>): Promise<{ house: House; origin: string }> {
    const house = await openHouse()
    closing.push(() => house.close())
    const runtime = { ...house.runtime, ...broken(house) }
    const server = createServer(express().use('/', createAdminApi({ runtime, secret: undefined, onSocket: true })))
    closing.push(() => server.close())
    return { house, origin: await listenAnywhere(server) }
  }
  async function ask(url: string, body: object): Promise<{ status: number; text: string }> {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
    return { status: answer.status, text: await answer.text() }
  }

  test.each([
    ['the minting', '/sessions', { user: 'ada' }],
    ['the revoking', '/revocations', { user: 'ada' }],
  ])('answers 500 without its words where the program itself fails: in %s', async (_, path, body) => {
    const { house, origin } = await open(({ runtime: { revocations } }) => ({
      signSession: fails,
      revocations: { ...revocations, revoke: fails },
    }))
    const { status, text } = await ask(origin + path, body)
    expect([status, text.includes('internal_error'), text.includes('Cannot read')]).toEqual([500, true, false])
    expect(house.ledger.entries.at(-1)?.cause).toContain(words)
  })

  test.each<object>([
    { user: 'ada', jkt: { toString: 1 } },
    { user: { toString: 1 } },
    { user: 'ada', ttl: {} },
    { user: 'ada', ttl: '999d' },
    { user: 'ada', models: 5 },
    { user: 'ada', endpoints: [{ toString: 1 }] },
  ])('answers 400 in words of its own to %j', async (body) => {
    const { origin } = await open(() => ({}))
    const { status, text } = await ask(`${origin}/sessions`, body)
    expect([status, text]).toEqual([400, expect.not.stringMatching(/convert|not a function|undefined/)])
  })
})
