import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { freePort, home, layProgram, root, run, start } from './programs.js'

const recipe = [...readFileSync(join(root, 'docs/client.md'), 'utf8').matchAll(/<!-- next: (\S+) -->\n```jsx?\n([\s\S]*?)\n```/g)]
const printed = Object.fromEntries(recipe.map(([, path, code]) => [path as string, code as string]))

/** What the recipe leaves to its reader. */
const further = {
  'package.json': '{"private":true}',
  'app/users.js': "export const findUser = async (cookie) => (cookie === 'sid=7' ? { id: 'u_7', tenant: 'acme' } : undefined)",
  'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>',
  'app/page.jsx': "import { Chat } from './chat.jsx'\nexport default () => <Chat />",
}

describe.each(['next-15', 'next-16'])('the recipe for Next.js, as it is printed, with %s', (version) => {
  let house: House
  let folder: string
  const next = (...words: string[]): string[] => [join(folder, 'node_modules/next/dist/bin/next'), ...words]
  beforeAll(async () => {
    house = await openHouse()
    // Turbopack looks for packages below its root only, and takes that from a lockfile.
    const places = `turbopack: { root: ${JSON.stringify(home)} }, outputFileTracingRoot: ${JSON.stringify(home)},`
    const config = printed['next.config.mjs']?.replace('export default {', `export default { ${places}`) ?? ''
    folder = layProgram(version, { ...further, ...printed, 'next.config.mjs': config })
    // Under its own name, by which it looks for itself.
    cpSync(join(home, 'node_modules', version), join(folder, 'node_modules/next'), { recursive: true })
  })
  afterAll(() => house.close())

  async function goThrough(port: number): Promise<void> {
    const origin = `http://localhost:${port}`
    const page = { origin, 'sec-fetch-site': 'same-origin' }
    expect(await (await fetch(origin)).text()).toContain('Ask')
    expect((await fetch(`${origin}/session`, { method: 'POST', headers: page })).status).toBe(401)
    const given = await fetch(`${origin}/session`, { method: 'POST', headers: { ...page, cookie: 'sid=7' } })
    expect(given.status).toBe(201)
    const { token } = (await given.json()) as { token: string }
    const body = JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }], stream: true })
    const headers = { ...page, authorization: `Bearer ${token}`, 'content-type': 'application/json', 'accept-encoding': 'gzip' }
    const answer = await fetch(`${origin}/ai/v1/chat/completions`, { method: 'POST', headers, body })
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, null])
    const text = await answer.text()
    expect(text).toContain('"finish":"complete"')
    expect(text).toContain('[DONE]')
    expect(
      (await fetch(`${origin}/ai/v1/models`, { headers: { authorization: headers.authorization, 'sec-fetch-site': 'same-origin' } }))
        .status,
    ).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'u_7', team: 'acme', status: 200 })
  }

  test('is built without the environment of its server, and then serves pages, sessions and streams', async () => {
    const output = await run(process.execPath, next('build'), folder, { POSTERN_URL: house.origin })
    expect(output).toContain('/session')
    const port = await freePort()
    const env = { POSTERN_SESSION_SECRET: house.sessionSecret, POSTERN_URL: house.origin }
    const child = await start(process.execPath, next('start', '-p', String(port)), folder, port, env)
    try {
      await goThrough(port)
    } finally {
      child.kill()
    }
  })

  test('works in development, where Next is a proxy with a name of its own', async () => {
    const port = await freePort()
    const env = { POSTERN_SESSION_SECRET: house.sessionSecret, POSTERN_URL: house.origin }
    const child = await start(process.execPath, next('dev', '-p', String(port)), folder, port, env)
    try {
      await goThrough(port)
    } finally {
      child.kill()
    }
  })
})
