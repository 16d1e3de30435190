import { hash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { runPostern } from '../support/run-postern.js'

const exampleDigest = hash('sha256', 'test')
const goodEntry = `good:${hash('sha256', randomBytes(32))}`

const config = `version: 1
gateways:
  main: { dialect: freeai, baseURL: 'http://127.0.0.1:9/v1' }
keys:
  acme: { gateway: main, secret: { env: KEY }, project: proj }
bindings:
  - { team: acme, key: acme }
callers:
  service:
    hashes: { env: GATEWAY_API_KEY_HASHES }
    principals: { good: { team: acme }, example: { team: acme } }
`

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-digest-'))
  await writeFile(join(directory, 'postern.yaml'), config)
})
afterAll(() => rm(directory, { recursive: true }))

describe('example-digest-refused', () => {
  const rings: readonly (readonly [how: string, ring: string])[] = [
    ['alone', `example:${exampleDigest}`],
    ['in capitals', `example:${exampleDigest.toUpperCase()}`],
    ['among good ones', `${goodEntry},example:${exampleDigest}`],
    ['on a line of its own, with blanks', `${goodEntry}\n  example : ${exampleDigest}  \n`],
  ]
  for (const command of ['check', 'start']) {
    test.each(rings)(`\`postern ${command}\` refuses the digest that the Free AI documentation prints, %s`, async (how, ring) => {
      const run = how === 'alone' ? runPostern : runInProcess
      const { code, stdout, stderr } = await run([command, '-c', 'postern.yaml'], {
        cwd: directory,
        env: { KEY: `fai_${randomBytes(32).toString('base64url')}`, GATEWAY_API_KEY_HASHES: ring },
      })
      expect(code).toBe(1)
      expect(stdout + stderr).toContain('callers.service.hashes')
      expect(stdout + stderr).toMatch(/example|documentation/i)
    })
  }

  test('a ring without it passes', async () => {
    const { code } = await runInProcess(['check', '-c', 'postern.yaml'], {
      cwd: directory,
      env: {
        KEY: `fai_${randomBytes(32).toString('base64url')}`,
        GATEWAY_API_KEY_HASHES: `${goodEntry},example:${hash('sha256', 'other')}`,
      },
    })
    expect(code).toBe(0)
  })
})
