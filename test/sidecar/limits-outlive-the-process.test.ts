import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessionMinter } from '@postern/server'
import type { CallerLimit } from '@postern/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HoldingGateway, startHoldingGateway } from '../support/holding-gateway.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const secret = 'a session secret of more than 32 characters'
let cwd: string
let gateway: HoldingGateway
let running: RunningPostern | undefined
let token: string

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-limits-'))
  gateway = await startHoldingGateway()
  token = (await createSessionMinter({ secret }).mint({ user: 'ada', team: 'acme', ttl: '10m' })).token
  const config = {
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    limits: {
      rules: [
        { name: 'ever', requests: 5 },
        { name: 'at-once', streams: 2 },
      ],
    },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
})
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.finished
  running = undefined
  await gateway.close()
  rmSync(cwd, { recursive: true })
})

/** Gives the base of its API. */
async function start(): Promise<string> {
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env: { KEY: 'sk-0123456789abcdef0123', SESSION: secret } })
  return (await running.prints(/"url":"([^"]+)"/))[1] as string
}

const headers = (): Record<string, string> => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' })

/** A stream that the gateway holds open. */
function stream(url: string): Promise<Response> {
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify({ model: 'stream', stream: true, messages: [] }),
  })
}

async function leftAt(url: string): Promise<readonly number[]> {
  const answer = await fetch(url.replace(/\/v1$/, '/limits'), { headers: headers() })
  return ((await answer.json()) as { limits: readonly CallerLimit[] }).limits.map(({ left }) => left)
}

describe('what calls have set aside', () => {
  test('is not given back when their process is killed, but for its open streams, and what has ended stays booked', async () => {
    const first = await start()
    const ended = await stream(first)
    gateway.finish()
    expect(await ended.text()).toContain('[DONE]')
    await expect.poll(() => leftAt(first)).toEqual([4, 2])
    const cut = await stream(first)
    expect([cut.status, await leftAt(first)]).toEqual([200, [3, 1]])
    running?.child.kill('SIGKILL')
    await running?.finished
    await expect(cut.text()).rejects.toThrow()

    const second = await start()
    // A stream is of no use any more to whom it was cut off.
    expect(await leftAt(second)).toEqual([3, 2])
    expect((await stream(second)).status).toBe(200)
    expect((await stream(second)).status).toBe(200)
    expect(await leftAt(second)).toEqual([1, 0])
    expect((await stream(second)).status).toBe(429)
  })

  test('is booked when their process stops, before the next one begins', async () => {
    const first = await start()
    const begun = await stream(first)
    running?.child.kill('SIGTERM')
    gateway.finish()
    expect(await begun.text()).toContain('[DONE]')
    expect(await running?.finished).toMatchObject({ code: 0 })
    expect(await leftAt(await start())).toEqual([4, 2])
  })
})
