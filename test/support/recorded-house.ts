import type { RequestListener, Server } from 'node:http'
import { checkConfig, ConfigError } from '@postern/config'
import type { Dialect, Dialects } from '@postern/gateways'
import { createRuntime } from '@postern/express'
import { type HostileUpstream, startHostileUpstream } from './hostile-upstream.js'
import { listenAnywhere, openDoor } from './house.js'
import { createMemoryLedger, type MemoryLedger } from './memory-ledger.js'
import { play, type Recording } from './recordings.js'
import { callerCredential, ringEntry } from './secrets.js'

/** A house, for any dialect, in front of a gateway that plays recordings. */
export interface RecordedHouse {
  readonly upstream: HostileUpstream
  readonly ledger: MemoryLedger
  readonly baseURL: string
  readonly credential: string
  /** Sets the gateway's answer from now on. */
  play(recording: Recording): void
  /** Makes the chat call of the recording's request. */
  ask(recording: Recording): Promise<Response>
  close(): Promise<void>
}

/** Not of the form of any gateway's keys. */
const keySecret = 'a-key-of-the-recorded-gateway'

export async function openRecordedHouse(dialect: Dialect, dialects: Dialects): Promise<RecordedHouse> {
  let answer: RequestListener = (_, response) => response.writeHead(500).end()
  const upstream = await startHostileUpstream((request, response) => answer(request, response))
  const path = dialect.baseURL === undefined ? '/v1' : new URL(dialect.baseURL).pathname
  const credential = callerCredential()
  const { checked, problems } = checkConfig(
    {
      version: 1,
      gateways: { main: { dialect: dialect.id, baseURL: `${upstream.origin}${path}`, attempts: 1, addressLimit: 'off' } },
      keys: {
        only: {
          gateway: 'main',
          secret: { env: 'KEY' },
          ...(dialect.providerCredential === undefined ? {} : { providerSecret: { env: 'KEY' } }),
          ...(dialect.project === undefined ? {} : { project: 'some-project' }),
        },
      },
      bindings: [{ default: true, key: 'only' }],
      callers: { service: { hashes: { env: 'RING' }, principals: { agent: { user: 'svc' } } } },
    },
    { env: { KEY: keySecret, RING: ringEntry('agent', credential) }, directory: process.cwd() },
    dialects,
  )
  if (checked === undefined) throw new ConfigError(problems)
  const ledger = createMemoryLedger()
  const runtime = createRuntime(checked, { ledger })
  const server: Server = openDoor('node', runtime)
  const baseURL = `${await listenAnywhere(server)}/ai/v1`
  return {
    upstream,
    ledger,
    baseURL,
    credential,
    play(recording) {
      answer = play(recording)
    },
    ask({ request }) {
      return fetch(`${baseURL}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Good morning' }], ...request }),
      })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      await upstream.close()
      await runtime.close()
    },
  }
}
