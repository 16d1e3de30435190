import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { checkConfig, ConfigError, type ConfigInput } from '@postern/config'
import { createNodeDoor, guardServer, refuseAtDoor, type Runtime } from '@postern/instance'
import { type Ledger, Refusal, type Store, type Witness } from '@postern/ports'
import {
  type EmulatedGateway,
  type EmulatedKey,
  type Emulator,
  type EmulatorOptions,
  startEmulator,
  issueKey,
  USUAL_MODELS,
} from '@postern/emulator'
import { openInstance, posternMiddleware, securityMiddleware } from '@postern/express'
import { createSessionMinter, type SessionMinter } from '@postern/server'
import express from 'express'
import { createMemoryLedger, type MemoryLedger } from './memory-ledger.js'
import { callerCredential, ringEntry } from './secrets.js'

/** The two doors that lead to the same corridor. */
export type DoorName = 'node' | 'express'
export const doorNames: readonly DoorName[] = ['node', 'express']

/** A whole house for a test: an emulated gateway, a runtime with two bound tenants and one unbound, and a door. */
export interface House {
  readonly gateway: EmulatedGateway
  readonly emulator: Emulator
  readonly keys: { readonly acme: EmulatedKey; readonly globex: EmulatedKey }
  readonly runtime: Runtime
  readonly ledger: MemoryLedger
  readonly minter: SessionMinter
  readonly sessionSecret: string
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string
  /** What the `openai` client gets as `baseURL`. */
  readonly baseURL: string
  readonly model: string
  /**
   * Credentials of service callers: `acme` (user svc-acme, team acme), `globex` (team globex), `stranger`
   * (team nowhere, no binding) and `delegate` (acts for others).
   */
  readonly callers: { readonly acme: string; readonly globex: string; readonly stranger: string; readonly delegate: string }
  /** Every secret that is loaded, to search output for them. */
  readonly secrets: readonly string[]
  /** Makes a chat call with `fetch`; `body` is merged over a default one. */
  chat(options?: ChatOptions): Promise<Response>
  close(): Promise<void>
}

export interface ChatOptions {
  /** Default: the credential of `acme`. `null` sends none. */
  readonly credential?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  readonly prompt?: string
  readonly signal?: AbortSignal
}

export interface HouseOptions {
  readonly gateway?: EmulatedGateway
  readonly door?: DoorName
  readonly emulator?: Partial<EmulatorOptions>
  /** Replaces top-level members of the configuration. */
  readonly config?: Partial<ConfigInput>
  /** Further kinds of callers, besides sessions and service callers. */
  readonly callers?: Partial<ConfigInput['callers']>
  /** The session secret of another house. Default: a new one. */
  readonly sessionSecret?: string
  /** Default: a memory store. */
  readonly store?: Store
  /** A ledger that stores what the memory ledger is told too. Whoever opened it closes it. */
  readonly ledger?: Ledger
  /** Is told what happens. */
  readonly witness?: Witness
  /** Other bounds of joined calls. */
  readonly joining?: NonNullable<Parameters<typeof openInstance>[1]>['joining']
  /** The gateway keys of another house. Default: new ones. */
  readonly keys?: House['keys']
  /** Further variables of the environment. */
  readonly further?: Readonly<Record<string, string>>
  /** The project of both keys, if the gateway has projects. */
  readonly project?: string
  /** Replaces the emulator's base URL. */
  readonly baseURL?: string
  readonly timeouts?: ConfigInput['gateways'][string]['timeouts']
  /** Further settings of the gateway. By default no call waits for its turn. */
  readonly settings?: Partial<ConfigInput['gateways'][string]>
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const gateway = options.gateway ?? 'joytoken'
  const keys = options.keys ?? { acme: issueKey(gateway), globex: issueKey(gateway) }
  const emulator = await startEmulator(gateway, { keys: Object.values(keys), ...options.emulator })
  const callers = { acme: callerCredential(), globex: callerCredential(), stranger: callerCredential(), delegate: callerCredential() }
  const sessionSecret = options.sessionSecret ?? randomBytes(32).toString('base64url')
  const env = {
    ACME: keys.acme.secret,
    ACME_PROVIDER: keys.acme.providerSecret,
    GLOBEX: keys.globex.secret,
    GLOBEX_PROVIDER: keys.globex.providerSecret,
    RING: Object.entries(callers)
      .map(([label, credential]) => ringEntry(label, credential))
      .join(','),
    SESSION: sessionSecret,
    ...options.further,
  }
  const key = (name: string) => ({
    gateway: 'main',
    secret: { env: name },
    ...(gateway === 'mintoken' ? { providerSecret: { env: `${name}_PROVIDER` } } : {}),
    ...(gateway === 'freeai' ? { project: options.project ?? `project-${name.toLowerCase()}` } : {}),
  })
  const config: ConfigInput = {
    version: 1,
    gateways: {
      main: {
        dialect: gateway,
        baseURL: options.baseURL ?? emulator.baseURL,
        ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
        addressLimit: 'off',
        ...options.settings,
      },
    },
    keys: { acme: key('ACME'), globex: key('GLOBEX') },
    bindings: [
      { team: 'acme', key: 'acme' },
      { team: 'globex', key: 'globex' },
    ],
    callers: {
      session: { secret: { env: 'SESSION' } },
      service: {
        hashes: { env: 'RING' },
        principals: {
          acme: { user: 'svc-acme', team: 'acme' },
          globex: { team: 'globex' },
          stranger: { team: 'nowhere' },
          delegate: { delegate: true },
        },
      },
      ...options.callers,
    },
    ...options.config,
  }
  const { checked, problems } = checkConfig(config, { env, directory: process.cwd() })
  if (checked === undefined) throw new ConfigError(problems)
  const ledger = createMemoryLedger()
  const { store, witness, joining } = options
  const { runtime } = openInstance(checked, {
    ledger: options.ledger === undefined ? ledger : toBoth(ledger, options.ledger),
    store,
    witness,
    joining,
  })
  const server = openDoor(options.door ?? 'node', runtime)
  const origin = await listenAnywhere(server)
  const baseURL = `${origin}${checked.config.mount}/v1`
  const model = USUAL_MODELS[gateway]

  return {
    gateway,
    emulator,
    keys,
    runtime,
    ledger,
    minter: createSessionMinter({ secret: sessionSecret }),
    sessionSecret,
    origin,
    baseURL,
    model,
    callers,
    secrets: [
      ...Object.values(keys).flatMap(({ secret, providerSecret }) => [secret, ...(providerSecret === undefined ? [] : [providerSecret])]),
      sessionSecret,
    ],
    chat({ credential = callers.acme, headers, body, prompt = 'Hello', signal } = {}) {
      return fetch(`${baseURL}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
          ...headers,
        },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }], ...body }),
        ...(signal === undefined ? {} : { signal }),
      })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      await emulator.close()
      await runtime.close()
    },
  }
}

function toBoth(told: MemoryLedger, kept: Ledger): Ledger {
  return {
    keeps: true,
    counts: kept.counts,
    append(entry, keeping) {
      if (keeping?.isKnown !== true) void told.append(entry)
      return kept.append(entry, keeping)
    },
    flush: () => kept.flush(),
  }
}

/** Opens Node's listener, or an Express application with the middleware, both as their users would set them up. */
export function openDoor(door: DoorName, runtime: Runtime): Server {
  if (door === 'node') {
    const server = createServer(
      { requireHostHeader: false },
      createNodeDoor(runtime, (request, response) => refuseAtDoor(runtime, request, response, new Refusal('not_found'))),
    )
    return guardServer(server, runtime)
  }
  const app = express()
  app.use(securityMiddleware())
  app.use(runtime.config.mount === '' ? '/' : runtime.config.mount, posternMiddleware(runtime))
  app.use((request, response) => {
    refuseAtDoor(runtime, request, response, new Refusal('not_found'))
  })
  return guardServer(createServer({ requireHostHeader: false }, app), runtime)
}

/** Listens on a free port of 127.0.0.1 and returns the origin. */
export async function listenAnywhere(server: NetServer): Promise<string> {
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
