// Rotates one key many times under calls, lets an hour pass, and writes a heap snapshot.
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeHeapSnapshot } from 'node:v8'
import { checkConfig } from '@postern/config'
import { openInstance } from '@postern/express'
import { createNodeDoor } from '@postern/instance'
import { createMemoryStore } from '@postern/ports'
import { createSessionMinter } from '@postern/server'

const hourMs = 3_600_000
const usual = globalThis.setTimeout
const now = performance.now.bind(performance)
let passedMs = 0
let late = []
performance.now = () => now() + passedMs
globalThis.setTimeout = (work, ms, ...rest) => {
  if (!(ms > hourMs / 2)) return usual(work, ms, ...rest)
  late.push(work)
  return { unref: () => undefined }
}

function letAnHourPass() {
  passedMs += 2 * hourMs
  const due = late
  late = []
  for (const work of due) work()
}

const [file, rotations] = [process.argv[2], Number(process.argv[3])]
const session = createHash('sha256').update(randomUUID()).digest('base64url')
/** The number of a key stands in it, so that the snapshot can be searched for every former one. */
const keyOf = (number) => ['sk', 'rotated', number, createHash('sha256').update(String(number)).digest('hex')].join('_')

const gateway = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({
      id: 'c',
      object: 'chat.completion',
      model: 'auto',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
    }),
  )
})
await new Promise((done) => gateway.listen(0, '127.0.0.1', done))

const config = {
  version: 1,
  gateways: { main: { dialect: 'openai', baseURL: `http://127.0.0.1:${gateway.address().port}/v1` } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { session: { secret: { env: 'SESSION' } } },
}
const checkedOf = (number) => checkConfig(config, { env: { KEY: keyOf(number), SESSION: session }, directory: '/' }).checked
const ledger = { append: () => {}, flush: async () => {}, close: async () => {} }
const instance = openInstance(checkedOf(0), { ledger, store: createMemoryStore(), log: () => {} })
const door = createServer(createNodeDoor(instance, (_, response) => response.writeHead(404).end()))
await new Promise((done) => door.listen(0, '127.0.0.1', done))
const { token } = await createSessionMinter({ secret: session }).mint({ user: 'ada', team: 'acme' })
const call = async () => {
  const answer = await fetch(`http://127.0.0.1:${door.address().port}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}',
  })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  await answer.text()
}

await call()
for (let number = 1; number <= rotations; number += 1) {
  instance.replace(checkedOf(number))
  await call()
}
letAnHourPass()
await call()
late = []
await sleep(50)
writeHeapSnapshot(file)
process.stdout.write(`current ${rotations}\n`)
process.exit()
