import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPage } from '../clients/page-examples.js'
import { type House, openHouse } from '../support/house.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const page = openPage('docs/server.md', import.meta.dirname)
const secret = { POSTERN_SESSION_SECRET: 's'.repeat(32) }
let house: House
beforeAll(async () => {
  house = await openHouse()
  page.write('users.mjs', "export const findUser = async (cookie) => (cookie === 'sid=7' ? { id: 'u_7', tenant: 'acme' } : undefined)")
})
afterAll(async () => {
  page.remove()
  await house.close()
})

describe('the examples for backends run as they are printed', () => {
  test('a route in Express', async () => {
    const printed = await page.run('express', {
      env: secret,
      around: (code) => `${code}
const server = app.listen(0, async () => {
  const headers = { cookie: 'sid=7', 'sec-fetch-site': 'same-origin' }
  const url = \`http://127.0.0.1:\${server.address().port}/session\`
  const answer = await fetch(url, { method: 'POST', headers })
  console.log((await answer.json()).token)
  console.log((await fetch(url, { method: 'POST', headers: { ...headers, cookie: '' } })).status)
  process.exit()
})`,
    })
    const [token = '', status] = printed.split('\n')
    expect(decodeJwt(token)).toMatchObject({ sub: 'u_7', team: 'acme', models: ['auto'], max_calls: 200 })
    expect(status).toBe('401')
  })

  test('a route that is called with a Request', async () => {
    const token = await page.run('next', {
      env: secret,
      around: (code) => `${code}
const headers = { cookie: 'sid=7', 'sec-fetch-site': 'same-origin' }
console.log((await (await POST(new Request('http://app/session', { method: 'POST', headers }))).json()).token)`,
    })
    expect(decodeJwt(token)).toMatchObject({ sub: 'u_7', team: 'acme' })
  })

  test('minting', async () => {
    const token = await page.run('mint', { env: secret, around: (code) => `${code}\nconsole.log(token)` })
    expect(decodeJwt(token)).toMatchObject({ max_tokens: 1000, max_calls: 20, workflow: 'onboarding-42' })
  })

  test('acting for somebody', async () => {
    expect(await page.run('act-as', { origin: house.origin, env: { POSTERN_CREDENTIAL: house.callers.delegate } })).toBe('You said: Hello')
    expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'zoë@example.com', team: 'acme' })
  })

  test('a run', async () => {
    const ids = await page.run('workflow', { origin: house.origin, env: { POSTERN_CREDENTIAL: house.callers.acme } })
    expect(ids).toMatch(/^onboarding-42\.plan\.\w+\.1\nonboarding-42\.write-a\.\w+\.1\nonboarding-42\.write-b\.\w+\.1$/)
  })

  test('reading a log', async () => {
    expect(await page.run('logs')).toBe('onboarding-42 draft 1')
  })

  describe('with the real process', () => {
    let cwd: string
    let postern: RunningPostern
    beforeAll(async () => {
      cwd = mkdtempSync(join(tmpdir(), 'postern-server-page-'))
      const config = {
        version: 1,
        listen: { port: 0 },
        gateways: { main: { dialect: 'joytoken' } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { session: { secret: { env: 'POSTERN_SESSION_SECRET' } } },
        store: { memory: true },
        admin: { socket: './postern.sock' },
      }
      writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
      postern = startPostern(['start', '--config', 'postern.json'], { cwd, env: { KEY: 'jt_0123456789', ...secret } })
      await postern.prints(/"admin":/)
    })
    afterAll(async () => {
      postern.child.kill('SIGTERM')
      await postern.finished
      rmSync(cwd, { recursive: true })
    })

    test('asking the admin listener', async () => {
      const around = (code: string): string => `${code.replace('./postern.sock', join(cwd, 'postern.sock'))}\nconsole.log(token)`
      expect(decodeJwt(await page.run('admin', { around }))).toMatchObject({ sub: 'u_7', team: 'acme' })
      await expect.poll(() => [...postern.stdout().matchAll(/admin\/v1\/revocations/g)].length).toBe(2)
    })
  })

  test('no other is printed', () => {
    expect(page.names).toEqual(['express', 'next', 'mint', 'admin', 'act-as', 'workflow', 'logs'])
  })
})

test.each(['docs/server.md', 'docs/other-sdks.md'])('%s links only to what is there', (name) => {
  const root = resolve(import.meta.dirname, '../..')
  const text = readFileSync(join(root, name), 'utf8')
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] as string)
  expect(links.filter((link) => !existsSync(resolve(root, dirname(name), link)))).toEqual([])
})
