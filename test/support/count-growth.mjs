// Counts, in a thread of its own, what Postern does with a configuration and with one of twice as many entries. What V8 has compiled
// before it counts is counted in part only, so Postern is imported after the count has begun, and nothing else has imported it here.
import { hash, randomBytes } from 'node:crypto'
import { Session } from 'node:inspector'
import { parentPort, workerData } from 'node:worker_threads'

const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { checkConfig } = await import('@postern/config')
const { openInstance } = await import('@postern/express')

const digest = hash('sha256', 'a caller')
const ledger = { append: () => {}, flush: () => Promise.resolve() }

/** What is wrong with every entry of a configuration. */
const changes = {
  nothing: () => {},
  'all keys have the same secret': ({ keys }) => Object.values(keys).forEach((key) => (key.secret = { env: 'KEY_0' })),
  'no binding names a key that is there': ({ bindings }) => bindings.forEach((binding) => (binding.key += 'x')),
  'no key names a gateway that is there': ({ keys }) => Object.values(keys).forEach((key) => (key.gateway = 'other')),
}

/** A configuration with as many keys, bindings and rules as are asked for; each key has a secret and a user of its own. */
function grown(count, change = changes.nothing) {
  const env = { RING: `agent:${digest}` }
  const parts = { keys: {}, bindings: [], rules: [] }
  for (let index = 0; index < count; index += 1) {
    env[`KEY_${index}`] = `growth-${randomBytes(24).toString('base64url')}`
    parts.keys[`key-${index}`] = { gateway: 'main', secret: { env: `KEY_${index}` } }
    parts.bindings.push({ user: `user-${index}`, key: `key-${index}` })
    parts.rules.push({ user: `user-${index}`, models: ['small-*'], endpoints: ['chat/*'] })
  }
  change(parts)
  const { keys, bindings, rules } = parts
  const config = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys,
    bindings,
    callers: { service: { hashes: { env: 'RING' }, principals: { agent: { user: 'user-0' } } } },
    policies: { models: ['*'], rules },
  }
  return { config, env }
}

function check({ config, env }) {
  const { checked, problems } = checkConfig(config, { env, directory: '/' })
  if (checked === undefined) throw new Error(JSON.stringify(problems.slice(0, 3)))
  return checked
}

const closing = []
/** For each piece of work: prepares it for so many entries, and returns what is counted. */
const works = {
  check(count) {
    const input = grown(count)
    return () => void check(input)
  },
  replace(count) {
    const [first, second] = [check(grown(count)), check(grown(count))]
    return () => {
      const instance = openInstance(first, { ledger })
      instance.replace(second)
      closing.push(instance.close())
    }
  },
}
const told = []
function tell(change, severity) {
  return (count) => {
    const { config, env } = grown(count, changes[change])
    return () => {
      const { problems } = checkConfig(config, { env, directory: '/' })
      told.push(problems.filter((problem) => problem.severity === severity).length / count)
    }
  }
}

/** How often functions and blocks of Postern's own packages have run since this was asked last, as V8 counts it. */
function countWork() {
  let work = 0
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    for (const { url, functions } of result)
      if (/\/packages\/[a-z]+\/(?:src|dist)\//.test(url)) for (const { ranges } of functions) for (const { count } of ranges) work += count
  })
  return work
}

function workOf(action) {
  countWork()
  action()
  return countWork()
}

const { work, severity, few } = workerData
const prepare = works[work] ?? tell(work, severity)
workOf(prepare(few))
const once = workOf(prepare(few))
const twice = workOf(prepare(2 * few))
await Promise.all(closing)
parentPort.postMessage({ once, twice, told: told.at(-1) }, [])
