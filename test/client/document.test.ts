import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, listenAnywhere, openHouse } from '../support/house.js'

const execute = promisify(execFile)
const page = readFileSync(resolve(import.meta.dirname, '../../docs/client.md'), 'utf8')
/** Inside the repository, so that the packages which the examples import are found. */
const folder = join(import.meta.dirname, `.examples-${process.pid}`)

describe('the examples of the client’s page run as they are printed, but for addresses and for who calls', () => {
  let house: House
  let minting: Server
  let mintingOrigin: string
  beforeAll(async () => {
    mkdirSync(folder)
    house = await openHouse()
    minting = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { jkt } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { jkt?: string }
        void house.minter
          .mint({ user: 'ada', team: 'acme', ...(jkt === undefined ? {} : { jkt }) })
          .then((session) => response.end(JSON.stringify(session)))
      })
    })
    mintingOrigin = await listenAnywhere(minting)
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    minting.closeAllConnections()
    minting.close()
    await house.close()
  })

  async function run(name: string, changes: readonly (readonly [string, string])[] = []): Promise<string> {
    const [, printed] = new RegExp(`<!-- example: ${name} -->\n\`\`\`js\n([\\s\\S]*?)\n\`\`\``).exec(page) ?? []
    if (printed === undefined) throw new Error(`The page has no example "${name}".`)
    // Node has no cookies and no page that an address could be relative to.
    const token = `async () => (await (await fetch('${mintingOrigin}', { method: 'POST' })).json()).token`
    const code = [...changes, ["{ url: '/ai' }", `{ url: '${house.origin}/ai', token: ${token} }`] as const].reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      printed,
    )
    const file = join(folder, `${name}.mjs`)
    writeFileSync(file, code)
    return (await execute(process.execPath, [file], { env: { PATH: process.env['PATH'] } })).stdout
  }

  test('a chat and its record', async () => {
    expect(await run('chat')).toMatch(/You said: Hello[\s\S]*finish: 'complete'/)
  })
  test('a token of the backend, bound to a key', async () => {
    const changes = [
      ['https://app.example.com/api/ai-token', mintingOrigin],
      ['https://app.example.com/ai', `${house.origin}/ai`],
    ] as const
    expect(Number(await run('token', changes))).toBeGreaterThan(0)
    expect(house.ledger.entries.at(-1)).toMatchObject({ status: 200 })
  })
  test('a stream, whole or not', async () => {
    expect(await run('stream')).toBe('You said: Hellocomplete\n')
    expect(await run('stream', [['Hello', 'emulate: end-without-done']])).toMatch(/truncated You said[\s\S]*request_id/)
  })
  test('a run and its steps', async () => {
    expect(await run('workflow')).toMatch(/^onboarding-42\.review\.[0-9A-Z]{26}\.1\n[\s\S]*'X-Parent-Step-ID': 'draft'/)
  })
  test('another SDK', async () => {
    expect(await run('other')).toMatch(/^You said: Hello \{ amount: /)
  })
})
