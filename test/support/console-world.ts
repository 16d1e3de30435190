import { hash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import type { LedgerEntry } from '@postern/ports'
import { createSqliteLedger } from '@postern/stores/ledger'
import { type AdminAnswer, askAdmin } from './ask-admin.js'
import { type Finished, runPostern, type RunningPostern, startPostern } from './run-postern.js'

/** A running sidecar with a ledger that has calls already, and consoles that ask it. */
export interface ConsoleWorld {
  readonly cwd: string
  /** The base URL of its data listener, such as `http://127.0.0.1:41234/ai/v1`. */
  readonly url: string
  readonly emulator: Emulator
  /** Two secrets that the emulated gateway knows. */
  readonly secrets: readonly [string, string]
  /** Makes a call of a service caller: `acme`, `globex`, or one of `ConsoleWorldOptions.callers`. */
  call(caller: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** Asks the admin listener with the credential `ops`. @param what A method and a path, such as `POST /admin/v1/sessions`. */
  admin(what: string, body?: object): Promise<AdminAnswer>
  /** Runs a command beside the sidecar, with its configuration and its environment. @param env Further variables. */
  postern(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>
  /** Starts `postern console`. @param credential One of {@link roles}. */
  openConsole(credential?: keyof typeof roles, args?: readonly string[]): Promise<OpenConsole>
  close(): Promise<void>
}

/** A running `postern console`. */
export interface OpenConsole {
  readonly origin: string
  /** The link that it printed first. */
  readonly link: string
  readonly running: RunningPostern
  /** Enters a line in its terminal, and gives the link that it prints then. */
  anotherLink(): Promise<string>
}

/** The roles of the credentials that a console may be opened with. */
const roles = { ops: ['read', 'sessions', 'keys', 'config'], looker: ['read'], ofAcme: ['read'] } as const

interface ConsoleWorldOptions {
  /** Calls that are in the ledger before the sidecar starts. */
  readonly entries?: readonly LedgerEntry[]
  /** Replaces top-level members of the configuration. */
  readonly config?: Readonly<Record<string, object>>
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>
}

const secretOf = (name: string): string => `credential of the caller ${name}`

/** Starts an emulated gateway, fills a ledger, and starts a sidecar. */
export async function openConsoleWorld({ entries = [], config: further = {}, env = {} }: ConsoleWorldOptions = {}): Promise<ConsoleWorld> {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-console-'))
  mkdirSync(join(cwd, 'state'))
  const credentials = Object.fromEntries(Object.keys(roles).map((name) => [name, randomBytes(32).toString('base64url')]))
  const [known, next, unknown] = [issueKey('joytoken'), issueKey('joytoken'), issueKey('joytoken')]
  const emulator = await startEmulator('joytoken', { keys: [known, next], eventDelayMs: 20 })
  const ledger = await createSqliteLedger({ file: join(cwd, 'state', 'ledger.db') })
  for (const entry of entries) await ledger.append(entry)
  await ledger.close()
  const config = {
    version: 1,
    listen: { port: 0 },
    ledger: { keep: '90d', sqlite: './state/ledger.db' },
    audit: { file: './state/audit.jsonl' },
    store: { sqlite: './state/store.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER_KEY' } }] },
    admin: {
      socket: './admin.sock',
      credentials: Object.fromEntries(
        Object.entries(roles).map(([name, given]) => [
          name,
          { hash: hash('sha256', credentials[name] as string), roles: given, ...(name === 'ofAcme' ? { team: 'acme' } : {}) },
        ]),
      ),
    },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: {
      'acme-prod': { gateway: 'main', secret: { env: 'KEY' }, shared: true },
      'initech-old': { gateway: 'main', secret: { env: 'WRONG_KEY' } },
    },
    bindings: [
      { team: 'acme', key: 'acme-prod' },
      { team: 'globex', key: 'acme-prod' },
      { team: 'initech', key: 'initech-old' },
    ],
    callers: {
      session: { secret: { env: 'SESSION_SECRET' } },
      service: {
        hashes: { env: 'RING' },
        principals: {
          acme: { team: 'acme', user: 'ada' },
          globex: { team: 'globex', user: 'gus' },
          initech: { team: 'initech', user: 'ian' },
          nobody: { team: 'umbrella', user: 'uma' },
        },
      },
    },
    limits: {
      rules: [
        { name: 'fair-use', each: 'user', per: 'minute', requests: 60 },
        { name: 'team-day', each: 'team', per: 'day', requests: 200 },
        { name: 'all-together', per: 'month', requests: 50_000 },
        { name: 'open-streams', each: 'team', streams: 50 },
      ],
    },
    ...further,
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  const ring = ['acme', 'globex', 'initech', 'nobody'].map((name) => `${name}:${hash('sha256', secretOf(name))}`).join(',')
  const environment = {
    KEY: known.secret,
    WRONG_KEY: unknown.secret,
    RING: ring,
    SESSION_SECRET: randomBytes(32).toString('base64url'),
    MASTER_KEY: randomBytes(32).toString('base64url'),
    ...env,
  }
  const running = startPostern(['start', '--config', 'postern.json'], { cwd, env: environment })
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
  const consoles: RunningPostern[] = []

  return {
    cwd,
    url,
    emulator,
    secrets: [known.secret, next.secret],
    call: (caller, body = {}, headers = {}) =>
      fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secretOf(caller)}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'one two three' }], ...body }),
      }),
    postern: (args, further = {}) =>
      runPostern([...args, '--config', 'postern.json'], {
        cwd,
        env: { ...environment, POSTERN_ADMIN_CREDENTIAL: credentials['ops'] as string, ...further },
      }),
    admin: (what, body) => askAdmin({ socketPath: join(cwd, 'admin.sock') }, what, { body, credential: credentials['ops'] }),
    async openConsole(credential = 'ops', args = []) {
      const opened = startPostern(['console', '--config', 'postern.json', ...args], {
        cwd,
        env: { POSTERN_ADMIN_CREDENTIAL: credentials[credential] as string },
        hasInput: true,
      })
      consoles.push(opened)
      const [, link = ''] = await opened.prints(/(http:\S+#code=\S+)/)
      let links = 1
      return {
        origin: new URL(link).origin,
        link,
        running: opened,
        async anotherLink() {
          links += 1
          opened.child.stdin?.write('\n')
          await opened.prints(new RegExp(`(?:#code=[\\s\\S]*){${links}}\n`))
          return [...opened.stdout().matchAll(/(http:\S+#code=\S+)/g)][links - 1]?.[1] as string
        },
      }
    },
    async close() {
      for (const each of [running, ...consoles]) {
        each.child.kill('SIGKILL')
        await each.finished
      }
      await emulator.close()
      rmSync(cwd, { recursive: true })
    },
  }
}
