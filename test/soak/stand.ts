import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from '../bench/child.js'
import { freePort } from '../bench/free-port.js'
import { ownLine } from '../bench/node-line.js'
import { runCommand, Subject } from './subject.js'

/** What changes while the soak runs, and is written into the configuration and its `.env`. */
export interface Settings {
  /** Secrets of sessions: the first signs, each verifies. */
  sessions: string[]
  /** Credentials of the service that calls: the one in use, and behind it the former one. */
  services: string[]
  /** Raised with every reload, so that the configuration is another one. */
  generation: number
}

/** Postern in front of its gateway, and what a soak needs of both. */
export interface Stand {
  readonly folder: string
  readonly port: number
  readonly settings: Settings
  readonly subject: Subject
  /** Writes the configuration and the variables as programs do: whole, under another name first. */
  write(config?: string): Promise<void>
  close(): Promise<void>
}

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function configOf(port: number, gateway: number, { sessions, generation }: Settings): string {
  return JSON.stringify({
    version: 1,
    listen: { port },
    mount: '/ai',
    admin: { socket: './admin.sock' },
    backend: { url: `http://127.0.0.1:${gateway}` },
    store: { sqlite: './store.db' },
    ledger: { keep: '1d' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    gateways: {
      main: {
        dialect: 'openai',
        baseURL: `http://127.0.0.1:${gateway}/v1`,
        attempts: 2,
        addressLimit: 'off',
        timeouts: { headers: `${3000 + (generation % 2)}ms` },
      },
    },
    keys: {},
    bindings: [],
    callers: {
      session: { secrets: sessions.map((_, index) => ({ env: `SESSION_${index}` })) },
      service: { hashes: { env: 'RING' }, principals: { agent: { user: 'agent', team: 'acme' } } },
    },
    policies: { models: ['soak-*'], body: '64KiB' },
    limits: {
      rules: [
        { name: 'calls', each: 'user', per: 'minute', requests: 1_000_000 },
        { name: 'open', each: 'team', streams: 100_000 },
      ],
    },
    failedAuthentication: { limit: 1_000_000_000 },
    connections: { perAddress: 10_000 },
  })
}

function variablesOf(master: string, { sessions, services }: Settings): string {
  const former = `agent@${new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, '')}`
  const ring = services.map((credential, at) => `${at === 0 ? 'agent' : former}:${createHash('sha256').update(credential).digest('hex')}`)
  return [`MASTER=${master}`, `RING=${ring.join(',')}`, ...sessions.map((secret, index) => `SESSION_${index}=${secret}`), ''].join('\n')
}

/** Starts the gateway, adds its key to the ring, and starts Postern. */
export async function openStand(): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-soak-'))
  const gateway = Child.start('gateway', [fileURLToPath(new URL('./gateway.js', import.meta.url))], {
    speaks: true,
    command: ownLine.command,
  })
  const { port: behind } = await gateway.line<{ port: number }>()
  const port = await freePort()
  const master = newSecret()
  const settings: Settings = { sessions: [newSecret()], services: [newSecret()], generation: 0 }
  const put = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, `${name}.new`), text, { mode: 0o600 })
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
  const write = async (config = configOf(port, behind, settings)): Promise<void> => {
    await put('.env', variablesOf(master, settings))
    await put('postern.json', config)
  }
  await write()
  await runCommand(folder, ['keys', 'add', 'acme', '--gateway', 'main', '--team', 'acme', '--secret-env', 'FIRST'], {
    FIRST: `sk-${newSecret()}`,
  })
  const subject = new Subject(folder)
  return {
    folder,
    port,
    settings,
    subject,
    write,
    async close() {
      await subject.stop()
      await gateway.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
