import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { type House, openHouse } from '../support/house.js'
import { findProgram } from '../support/programs.js'
import { type Env, freePort, home, layProgram, root, run, start, stop } from './programs.js'

const recipe = [...readFileSync(join(root, 'docs/client.md'), 'utf8').matchAll(/<!-- next: (\S+) -->\n```jsx?\n([\s\S]*?)\n```/g)]
const printed = Object.fromEntries(recipe.map(([, path, code]) => [path as string, code as string]))

/** What the recipe leaves to its reader. */
const further = {
  'package.json': '{"private":true}',
  'app/users.js': "export const findUser = async (cookie) => (cookie === 'sid=7' ? { id: 'u_7', tenant: 'acme' } : undefined)",
  'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>',
  'app/page.jsx': "import { Chat } from './chat.jsx'\nexport default () => <Chat />",
}

/** A file for each version runs this, so that one can be run without the other. */
export function describeRecipe(version: 'next-15' | 'next-16'): void {
  describe(`the recipe for Next.js, as it is printed, with ${version}`, () => {
    let house: House
    let folder: string
    const next = (...words: string[]): string[] => [join(folder, 'node_modules/next/dist/bin/next'), ...words]
    beforeAll(async () => {
      house = await openHouse()
      // Turbopack looks for packages below its root only, and takes that from a lockfile.
      const places = `turbopack: { root: ${JSON.stringify(home)} }, outputFileTracingRoot: ${JSON.stringify(home)},`
      const config = printed['next.config.mjs']?.replace('export default {', `export default { ${places}`) ?? ''
      folder = layProgram(version, { ...further, ...printed, 'next.config.mjs': config })
      // Under its own name, by which it looks for itself; as links, since it is 300 MB.
      mkdirSync(join(folder, 'node_modules'))
      await run('cp', ['-al', join(home, 'node_modules', version), join(folder, 'node_modules/next')], home)
    })
    afterAll(() => house.close())

    test('is built without the secret of its server, and then serves pages, sessions and streams', async () => {
      // Rewrites are fixed by the build, which is why the server needs no address.
      expect(await run(process.execPath, next('build'), folder, { POSTERN_URL: house.origin })).toContain('/session')
      await servedBy('start', { POSTERN_SESSION_SECRET: house.sessionSecret })
    })

    test('works in development, where Next is a proxy with a name of its own', () =>
      servedBy('dev', { POSTERN_SESSION_SECRET: house.sessionSecret, POSTERN_URL: house.origin }))

    async function servedBy(task: 'start' | 'dev', env: Env): Promise<void> {
      const port = await freePort()
      const child = await start(process.execPath, next(task, '-p', String(port)), folder, port, env)
      const before = house.ledger.entries.length
      try {
        await callThrough(`http://localhost:${port}`)
        // Next tells on that somebody left.
        await expect
          .poll(() => house.ledger.entries.slice(before).map(({ finish }) => finish), { timeout: 10_000 })
          .toContain('client_closed')
        await pressTheButton(`http://localhost:${port}`)
        expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'u_7', team: 'acme', status: 200, finish: 'complete' })
      } finally {
        await stop(child)
      }
    }
  })
}

/** What a page sends, by hand, to see what comes back. */
async function callThrough(origin: string): Promise<void> {
  const page = { origin, 'sec-fetch-site': 'same-origin' }
  expect((await fetch(`${origin}/session`, { method: 'POST', headers: page })).status).toBe(401)
  const given = await fetch(`${origin}/session`, { method: 'POST', headers: { ...page, cookie: 'sid=7' } })
  expect(given.status).toBe(201)
  const { token } = (await given.json()) as { token: string }
  const headers = { ...page, authorization: `Bearer ${token}`, 'content-type': 'application/json', 'accept-encoding': 'gzip' }
  const ask = (model: string, signal?: AbortSignal): Promise<Response> => {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], stream: true })
    return fetch(`${origin}/ai/v1/chat/completions`, { method: 'POST', headers, body, ...(signal && { signal }) })
  }
  const answer = await ask('auto')
  // Next packs what it serves, and a packed stream would be held.
  expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, null])
  expect(await answer.text()).toMatch(/"finish":"complete"[\s\S]*\[DONE\]/)
  // The first event comes though there is no second.
  const leave = new AbortController()
  const hanging = await ask('emulate/hang-stream', AbortSignal.any([leave.signal, AbortSignal.timeout(20_000)]))
  const reader = (hanging.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  while (!text.includes('"delta"')) text += Buffer.from((await reader.read()).value ?? []).toString()
  leave.abort()
  // A read has no `Origin`.
  const read = { authorization: headers.authorization, 'sec-fetch-site': 'same-origin' }
  expect((await fetch(`${origin}/ai/v1/models`, { headers: read })).status).toBe(200)
}

async function pressTheButton(origin: string): Promise<void> {
  const browser = await launchChromium(findProgram('chromium') as string)
  try {
    const context = await browser.newContext()
    await context.addCookies([{ name: 'sid', value: '7', url: origin }])
    const page = await context.newPage()
    await page.goto(origin)
    const button = page.getByRole('button', { name: 'Ask', exact: true })
    const answer = page.getByText('You said: Hello').first()
    // The page comes before its script, and until then nothing happens at a press. A loaded machine compiles the script for a minute.
    await expect
      .poll(
        async () => {
          await button.click()
          return answer.waitFor({ timeout: 1000 }).then(
            () => 'answered',
            () => 'no answer',
          )
        },
        { timeout: 90_000 },
      )
      .toBe('answered')
  } finally {
    await browser.close()
  }
}
