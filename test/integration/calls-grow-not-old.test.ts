import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const callerKey = 'pst_calls_that_grow_not_old_0123456789abcdef'
const calls = 4_000
/** What may outlive a collection of what is young, on average, in megabytes: sizes of tables that grow, and what V8 optimises. */
const most = 0.8

const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4o-mini',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
  }),
)
const body = JSON.stringify({ model: 'gpt-4o-mini', max_tokens: 16, messages: [{ role: 'user', content: 'Say hello.' }] })

let gateway: Server

beforeAll(async () => {
  gateway = createServer((asked, reply) => {
    asked.resume()
    asked.on('end', () => reply.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer))
  })
  await new Promise<void>((listens) => gateway.listen(0, '127.0.0.1', listens))
})
afterAll(() => gateway.close())

/** What a `Set` or `Map` with an entry for each call keeps from being freed, the collections of what is young copy, and then count as old. */
describe('what a call needs is freed by the first collection after its end', () => {
  test.each([
    ['without a limit', {}],
    [
      'under limits of calls, tokens and open streams',
      {
        limits: {
          rules: [
            { each: 'user', per: 'hour', requests: 100_000 },
            { team: 'acme', per: 'day', tokens: 10_000_000 },
            { each: 'team', streams: 1_000 },
          ],
        },
      },
    ],
  ])(
    '%s',
    async (_, further) => {
      const cwd = mkdtempSync(join(tmpdir(), 'postern-young-'))
      const config = {
        version: 1,
        listen: { host: '127.0.0.1', port: 0 },
        store: { sqlite: './postern.db' },
        gateways: { main: { dialect: 'openai', baseURL: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/v1` } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { service: { hashes: { env: 'HASHES' }, principals: { app: { user: 'app', team: 'acme' } } } },
        policies: { models: ['*'] },
        ...further,
      }
      writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
      const env = { KEY: 'sk-gateway-key-0123456789abcdef', HASHES: `app:${hash('sha256', callerKey)}` }
      const postern = startPostern(['start', '--config', 'postern.json'], { cwd, env, nodeOptions: ['--trace-gc'] })
      try {
        const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
        await callOften(url)
        const outlived = grownOld(postern)
        expect(outlived.length, 'collections that were looked at').toBeGreaterThan(6)
        expect(outlived.reduce((sum, each) => sum + each, 0) / outlived.length).toBeLessThan(most)
      } finally {
        postern.child.kill('SIGKILL')
        await postern.finished
        rmSync(cwd, { recursive: true })
      }
    },
    120_000,
  )
})

async function callOften(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  let begun = 0
  const inTurns = async (): Promise<void> => {
    while (begun < calls) {
      begun += 1
      expect(await call(url, agent)).toBe(200)
    }
  }
  await Promise.all(Array.from({ length: 32 }, inTurns))
  agent.destroy()
}

function call(url: string, agent: Agent): Promise<number | undefined> {
  return new Promise((answered, failed) => {
    const headers = { authorization: `Bearer ${callerKey}`, 'content-type': 'application/json', 'content-length': body.length }
    const asked = request(`${url}/chat/completions`, { method: 'POST', agent, headers }, (reply) => {
      reply.resume()
      reply.on('end', () => answered(reply.statusCode))
    })
    asked.on('error', failed)
    asked.end(body)
  })
}

/** By how many megabytes the heap had grown from the end of one collection of what is young to that of the next; of the later half. */
function grownOld(postern: RunningPostern): number[] {
  const lines = postern.stdout().match(/(?:Scavenge|Mark-Compact)[^\n]*? -> [\d.]+/g) ?? []
  const ends = lines.map((line) => ({ isYoung: line.startsWith('Scavenge'), size: Number(/[\d.]+$/.exec(line)?.[0]) }))
  return ends.flatMap(({ isYoung, size }, at) => {
    const before = ends[at - 1]
    return isYoung && before?.isYoung === true && at > ends.length / 2 ? [size - before.size] : []
  })
}
