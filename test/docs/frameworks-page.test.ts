import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openPage } from '../clients/page-examples.js'
import { freePort } from '../support/free-port.js'
import { type House, openHouse } from '../support/house.js'

const page = openPage('docs/frameworks.md', import.meta.dirname)
const users = "export const findUser = async (cookie) => (cookie === 'sid=7' ? { id: 'u_7', tenant: 'acme' } : undefined)"

let house: House
let port: number
let origin: string
beforeAll(async () => {
  port = await freePort()
  origin = `http://127.0.0.1:${port}`
  house = await openHouse({ config: { browser: { origins: [origin] } } })
  page.write('users.mjs', users)
})
afterAll(async () => {
  page.remove()
  await house.close()
})

test('docs/frameworks.md has a recipe for each framework', () => {
  expect(page.names).toEqual(['express', 'fastify', 'hono'])
})

/** Starts an application as it is printed, but for the address of Postern and what stands in place of Express. */
async function start(name: string, library: string): Promise<ChildProcess> {
  const file = `${name}-${library}.mjs`
  page.write(file, page.example(name).replaceAll('http://127.0.0.1:8787', house.origin).replace("from 'express'", `from '${library}'`))
  const child = spawn(process.execPath, [join(page.folder, file)], {
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      POSTERN_SESSION_SECRET: house.sessionSecret,
      POSTERN_CREDENTIAL: house.callers.delegate,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await vi.waitFor(() => fetch(`${origin}/greeting`), { timeout: 30_000, interval: 100 })
  return child
}

describe.each([
  ['express', 'express'],
  ['express', 'express-4'],
  ['fastify', 'fastify'],
  ['hono', 'hono'],
])('the recipe for %s, as it is printed, with %s', (name, library) => {
  let child: ChildProcess
  beforeAll(async () => {
    child = await start(name, library)
  }, 40_000)
  afterAll(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  const give = (headers: Readonly<Record<string, string>>, body?: string): Promise<Response> =>
    fetch(`${origin}/session`, {
      method: 'POST',
      headers: { origin, 'sec-fetch-site': 'same-origin', ...headers },
      ...(body === undefined ? {} : { body }),
    })

  test('gives a session to whom the cookie is of, with which a page calls, and to nobody else', async () => {
    expect((await give({})).status).toBe(401)
    expect((await give({ cookie: 'sid=7', origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    const given = await give({ cookie: 'sid=7' })
    expect(given.status).toBe(201)
    const { token } = (await given.json()) as { readonly token: string }
    const answer = await house.chat({ credential: token, headers: { origin } })
    expect([answer.status, house.ledger.entries.at(-1)?.user]).toEqual([200, 'u_7'])
  })

  test('bounds a session as its page asks in a body', async () => {
    const json = { cookie: 'sid=7', 'content-type': 'application/json' }
    expect((await give(json, '{"user":"root"}')).status).toBe(400)
    const given = await give(json, '{"max_calls":1}')
    const { token } = (await given.json()) as { readonly token: string }
    const statuses = [
      await house.chat({ credential: token, headers: { origin } }),
      await house.chat({ credential: token, headers: { origin } }),
    ]
    expect(statuses.map(({ status }) => status)).toEqual([200, 402])
  })

  test('calls for its user with its own credential', async () => {
    expect((await fetch(`${origin}/greeting`)).status).toBe(401)
    const answer = await fetch(`${origin}/greeting`, { headers: { cookie: 'sid=7' } })
    expect([answer.status, await answer.text()]).toEqual([200, 'You said: Hello'])
    expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'u_7', team: 'acme', caller: 'delegate' })
  })
})
