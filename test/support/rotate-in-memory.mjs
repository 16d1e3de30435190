// Rotates keys many times under calls, one of the configuration, one of the ring and one of Vault, among many others that are not rotated.
// Then lets an hour pass, and writes a heap snapshot.
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeHeapSnapshot } from 'node:v8'
import { checkConfig } from '@postern/config'
import { openInstance } from '@postern/express'
import { createNodeDoor, masterKeysOf, RingEditor } from '@postern/instance'
import { createMemoryStore, Secret } from '@postern/ports'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const usual = { set: globalThis.setTimeout, clear: globalThis.clearTimeout, now: performance.now.bind(performance) }
let passedMs = 0
/** The timers of half a minute and more, which fire when the time that this script lets pass is over. */
const late = new Set()
performance.now = () => usual.now() + passedMs
globalThis.setTimeout = (work, ms, ...rest) => {
  if (!(ms >= minuteMs / 2)) return usual.set(work, ms, ...rest)
  const timer = { work, due: performance.now() + ms, unref: () => timer, ref: () => timer, hasRef: () => false }
  late.add(timer)
  return timer
}
globalThis.clearTimeout = (timer) => (late.delete(timer) ? undefined : usual.clear(timer))

function letPass(ms) {
  passedMs += ms
  for (const timer of [...late].filter(({ due }) => due <= performance.now())) if (late.delete(timer)) timer.work()
}

const [file, rotations, others] = process.argv.slice(2).map((word, place) => (place === 0 ? word : Number(word)))
/** Its kind and number stand in it, so that the snapshot can be searched for every former one. */
const keyOf = (kind, number) => ['sk', 'rotated', kind, number, createHash('sha256').update(`${kind} ${number}`).digest('hex')].join('_')

async function serve(answer) {
  const server = createServer((request, response) => request.resume().on('end', () => answer(request, response)))
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${server.address().port}`
}

const say = (response, status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
/** The rotation of Vault's key: the gateway takes no other, and a key that it refuses has Vault asked again. */
let inVault = 0
const vault = await serve((request, response) => {
  if (request.method === 'POST') return say(response, 400, { errors: ['lease is not renewable'] })
  const metadata = { created_time: '2026-01-01T00:00:00Z', deletion_time: '', destroyed: false, version: 1 }
  return say(response, 200, { lease_duration: 0, data: { data: { key: keyOf('vault', inVault) }, metadata } })
})
const completion = {
  id: 'c',
  object: 'chat.completion',
  model: 'auto',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
}
const gateway = await serve(({ headers: { authorization } }, response) => {
  const isFormer = authorization.includes('_vault_') && !authorization.endsWith(keyOf('vault', inVault))
  if (isFormer) say(response, 401, { error: { message: 'Incorrect API key.', type: 'invalid_request_error', code: 'invalid_api_key' } })
  else say(response, 200, completion)
})

const credential = randomUUID()
const master = randomUUID()
const config = {
  version: 1,
  gateways: { main: { dialect: 'openai', baseURL: `${gateway}/v1` } },
  keys: {
    config: { gateway: 'main', secret: { env: 'KEY' } },
    vault: { gateway: 'main', secret: { vault: 'secret/data/main#key' } },
  },
  vault: { url: vault, token: { env: 'VAULT' } },
  keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
  bindings: ['config', 'vault'].map((team) => ({ team, key: team })),
  callers: { service: { hashes: { env: 'RING' }, principals: { backend: { delegate: true } } } },
}
const RING = `backend:${createHash('sha256').update(credential).digest('hex')}`
const checkedOf = (number) => {
  const env = { KEY: keyOf('config', number), RING, MASTER: master, VAULT: 'hvs.of_the_vault_of_this_test' }
  const { checked, problems } = checkConfig(config, { env, directory: '/' })
  if (checked === undefined) throw new Error(JSON.stringify(problems))
  return checked
}
const ledger = { append: () => {}, flush: async () => {}, close: async () => {} }
const store = createMemoryStore()
const instance = openInstance(checkedOf(0), { ledger, store, log: () => {} })
const door = createServer(createNodeDoor(instance, (_, response) => response.writeHead(404).end()))
await new Promise((done) => door.listen(0, '127.0.0.1', done))
const editor = new RingEditor(store.keyRing, masterKeysOf(checkedOf(0)))

async function call(team, status = 200) {
  const answer = await fetch(`http://127.0.0.1:${door.address().port}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}`, 'postern-act-as': `team=${team}`, 'content-type': 'application/json' },
    body: '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}',
  })
  const text = await answer.text()
  if (answer.status !== status) throw new Error(`${team}: ${answer.status} ${text}`)
}

const add = (alias, secret) => editor.add({ alias, gateway: 'main', secret: new Secret(secret) }, [{ team: alias }], Date.now())
for (let other = 0; other < others; other += 1) {
  await add(`other-${other}`, keyOf('other', other))
  await call(`other-${other}`)
}
await add('ring', keyOf('ring', 0))
for (const team of ['config', 'vault', 'ring']) await call(team)
for (let number = 1; number <= rotations; number += 1) {
  instance.replace(checkedOf(number))
  await call('config')
  const read = await editor.read('ring')
  const version = read.version + 1
  const { sealed } = editor.seal('ring', 'main', version, new Secret(keyOf('ring', number)), undefined)
  await editor.write(read, { ...read.key, secrets: [{ role: 'current', since: version, sealed, addedAt: Date.now() }] })
  inVault = number
  // A source is asked every five seconds at most, and the copy of the ring is renewed within one.
  letPass(6000)
  await call('ring')
  await call('vault', 502)
  while (
    !(await call('vault')
      .then(() => true)
      .catch(() => false))
  );
}
letPass(2 * hourMs)
for (const team of ['config', 'ring']) await call(team)
letPass(2 * minuteMs)
for (const team of ['config', 'vault', 'ring', 'other-0']) await call(team)
await sleep(50)
writeHeapSnapshot(file)
process.stdout.write(`current ${rotations}\n`)
process.exit()
