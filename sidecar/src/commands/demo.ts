import { hash, randomBytes } from 'node:crypto'
import { checkConfig, ConfigError, type ConfigInput } from '@postern/config'
import { type Dialect, dialects } from '@postern/gateways'
import type { Ledger, LedgerEntry } from '@postern/ports'
import { type EmulatedGateway, EMULATED_GATEWAYS, startEmulator, issueKey, USUAL_MODELS } from '@postern/emulator'
import { createRuntime } from '@postern/express'
import { createSessionMinter } from '@postern/server'
import { addDemoPages } from '../demo-pages.js'
import { Failure } from '../failure.js'
import { print } from '../print.js'
import { startSidecar } from '../sidecar.js'
import { untilSignal } from '../until-signal.js'

/** Pause between the events of an emulated stream, in milliseconds: slow enough to watch. */
const eventDelayMs = 40

/** Runs everything without an account: an emulated gateway, the sidecar and a chat page. */
export async function demo(options: { readonly dialect: string; readonly port: number }): Promise<number> {
  const gateway = EMULATED_GATEWAYS.find((known): known is EmulatedGateway => known === options.dialect)
  if (gateway === undefined)
    throw new Failure(`There is no emulated gateway "${options.dialect}". There are ${EMULATED_GATEWAYS.join(', ')}.`)
  const keys = { acme: issueKey(gateway), globex: issueKey(gateway) }
  const sessionSecret = randomBytes(32).toString('base64url')
  const credential = `pst_${randomBytes(16).toString('base64url')}`
  const emulator = await startEmulator(gateway, { keys: Object.values(keys), eventDelayMs })
  const env = {
    ACME_KEY: keys.acme.secret,
    ACME_PROVIDER_KEY: keys.acme.providerSecret,
    GLOBEX_KEY: keys.globex.secret,
    GLOBEX_PROVIDER_KEY: keys.globex.providerSecret,
    SESSION_SECRET: sessionSecret,
    CALLER_HASHES: `terminal:${hash('sha256', credential)}`,
  }
  const { checked, problems } = checkConfig(demoConfig(gateway, emulator.baseURL, options.port), { env, directory: process.cwd() })
  if (checked === undefined) throw new ConfigError(problems)

  const runtime = createRuntime(checked, { ledger: consoleLedger })
  const minter = createSessionMinter({ secret: sessionSecret })
  const sidecar = await startSidecar({
    runtime,
    directory: process.cwd(),
    pages: (app) => addDemoPages(app, minter, USUAL_MODELS[gateway]),
  }).catch(async (error: unknown) => {
    await emulator.close()
    throw error
  })
  const close = async (): Promise<void> => {
    await sidecar.close()
    await emulator.close()
  }
  await untilSignal(close, () => printWelcome(sidecar.url, gateway, credential))
  return 0
}

function demoConfig(gateway: EmulatedGateway, baseURL: string, port: number): ConfigInput {
  const dialect: Dialect = dialects[gateway]
  const key = (name: string) => ({
    gateway: 'main',
    secret: { env: `${name}_KEY` },
    ...(dialect.providerCredential === undefined ? {} : { providerSecret: { env: `${name}_PROVIDER_KEY` } }),
    ...(dialect.project === undefined ? {} : { project: 'demo' }),
  })
  return {
    version: 1,
    listen: { port },
    gateways: { main: { dialect: gateway, baseURL } },
    keys: { acme: key('ACME'), globex: key('GLOBEX') },
    bindings: [
      { team: 'acme', key: 'acme' },
      { team: 'globex', key: 'globex' },
    ],
    callers: {
      session: { secret: { env: 'SESSION_SECRET' } },
      service: { hashes: { env: 'CALLER_HASHES' }, principals: { terminal: { user: 'terminal', team: 'acme', delegate: true } } },
    },
    shutdown: { deadline: '2s' },
  }
}

function printWelcome(url: string, gateway: EmulatedGateway, credential: string): void {
  const body = { model: USUAL_MODELS[gateway], stream: true, messages: [{ role: 'user', content: 'Hello! Who pays for this?' }] }
  print(`
Postern is running, with an emulated ${gateway} behind it. No account and no gateway key of yours is in use.

  Chat page    ${url}/
  Base URL     ${url}/ai/v1
  Credential   ${credential}   (yours, for this run; the gateway key stays in this process)

From a terminal:

curl -N -i ${url}/ai/v1/chat/completions -H 'Authorization: Bearer ${credential}' -H 'Content-Type: application/json' -H 'X-Workflow-ID: hello' -d '${JSON.stringify(body)}'

From Node, with the ordinary openai package:

  new OpenAI({ baseURL: '${url}/ai/v1', apiKey: '${credential}' })

Ctrl-C ends it. Each request shows here as it ends:
`)
}

const consoleLedger: Ledger = {
  append: (entry) => print(describeEntry(entry)),
  flush: () => Promise.resolve(),
}

function describeEntry(entry: LedgerEntry): string {
  const who = entry.user ?? entry.caller ?? 'nobody'
  const what = entry.key === undefined ? '' : ` · key ${entry.key}`
  const answer = entry.model === undefined ? '' : ` · ${entry.model}`
  const cost = entry.cost === undefined ? '' : ` · ${entry.cost.amount} ${entry.cost.unit}`
  return `  ${entry.status} ${entry.code ?? entry.finish ?? ''} · ${entry.method} ${entry.path} · ${who}${what}${answer}${cost} · ${Math.round(entry.duration_ms)} ms · ${entry.request_id}`
}
