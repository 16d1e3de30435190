import { resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openPage } from '../clients/page-examples.js'
import { findProgram } from '../support/programs.js'
import { prepareRedis } from '../support/redis-server.js'

const page = openPage('docs/configuration.md', import.meta.dirname)
afterAll(() => page.remove())

const command = resolve(import.meta.dirname, '../../sidecar/bin/postern.js')
const env = { KEY: 'sk-0123456789', SESSION: 's'.repeat(32) }

/** Nobody listens where the gateway should be: who is let in learns that, and nothing is asked of anybody. */
const config = (store: unknown) => ({
  version: 1,
  gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { session: { secret: { env: 'SESSION' } } },
  store,
})

/** Has ada call, ends her sessions by the command, and has her call again a second later. */
function around(store: unknown): (code: string) => string {
  const written = JSON.stringify(config(store))
  page.write('postern.yaml', written)
  return (code) =>
    `import { execFileSync } from 'node:child_process'
import { createSessionMinter } from '@postern/server'
const config = ${written}
${code}
const server = app.listen(0, async () => {
  const { token } = await createSessionMinter({ secret: process.env.SESSION }).mint({ user: 'ada', team: 'acme' })
  const call = async () => {
    const headers = { authorization: \`Bearer \${token}\` }
    const answer = await fetch(\`http://127.0.0.1:\${server.address().port}/ai/v1/models\`, { headers })
    return (await answer.json()).error.code
  }
  const codes = [await call()]
  const args = ['session', 'revoke', '--config', 'postern.yaml', '--user', 'ada']
  console.error(execFileSync(process.execPath, [${JSON.stringify(command)}, ...args], { encoding: 'utf8' }))
  await new Promise((done) => setTimeout(done, 1000))
  codes.push(await call())
  process.stdout.write('codes ' + codes.join(' '), () => process.exit())
})`
}

describe('the examples of a store in Express', () => {
  test('with a file: the command ends sessions in the middleware', async () => {
    expect(await page.run('store', { env, around: around({ sqlite: './postern.db' }) })).toMatch(
      /codes gateway_unavailable caller_revoked(?:\{|$)/,
    )
  })

  test.skipIf(findProgram('redis-server') === undefined)('with Redis: the command ends sessions in the middleware', async () => {
    const redis = await prepareRedis()
    await redis.start()
    const withRedis = { ...env, REDIS_URL: redis.url }
    const printed = await page.run('redis', { env: withRedis, around: around({ redis: { env: 'REDIS_URL' } }) })
    await redis.close()
    expect(printed).toMatch(/codes gateway_unavailable caller_revoked(?:\{|$)/)
  })
})
