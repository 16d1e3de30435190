import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.js'
import { lives } from './lives.js'
import { findProgram } from './programs.js'
import { templateFolder } from './template-folder.js'

/** How long it may take to start, in milliseconds. */
const startMs = 30_000

/** A PostgreSQL for one test, on a port of 127.0.0.1. */
export interface PostgresServer {
  readonly port: number
  /** `postgres://tester@127.0.0.1:PORT/postgres`, with the password if there is one. */
  readonly url: string
  start(): Promise<void>
  /** Kills it with all its processes, as a crash does: what was committed is there at the next start. */
  stop(): Promise<void>
  /** Makes all its processes hang: they keep their connections and the port, and answer nothing. */
  pause(): void
  resume(): void
  /** Stops it as an operator does: it ends all connections. */
  shutDown(): Promise<void>
  /** Stops it for good. */
  close(): Promise<void>
}

/** How a PostgreSQL of a test is. */
export interface PostgresOptions {
  readonly password?: string
  /** Whether a commit waits for the disk. Default `false`: only a crash of the whole machine would lose something. */
  readonly fsync?: boolean
  /** The certificate and its key, in PEM; then it takes TLS as well. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
}

/** Makes a PostgreSQL on a free port, which runs once `start` resolves. */
export async function preparePostgres({ password, fsync = false, tls }: PostgresOptions = {}): Promise<PostgresServer> {
  const program = findProgram('postgresql')
  if (program === undefined) throw new Error('postgresql is not installed.')
  const folder = await mkdtemp(join(tmpdir(), 'postern-postgres-'))
  const owner = ownerOfProcesses()
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
  const port = await freePort()
  const data = join(folder, 'data')
  if (password === undefined) execFileSync('cp', ['-R', '--preserve=mode', templateOf(program), data], { ...owner })
  else {
    const secret = join(folder, 'password')
    await writeFile(secret, password)
    initialize(program, data, ['--auth=scram-sha-256', `--pwfile=${secret}`])
  }
  const settings = {
    listen_addresses: "'127.0.0.1'",
    port: String(port),
    unix_socket_directories: "''",
    fsync: fsync ? 'on' : 'off',
    max_connections: '60',
    shared_buffers: '32MB',
    log_min_messages: 'panic',
    ...(tls === undefined ? {} : { ssl: 'on', ssl_cert_file: "'host.pem'", ssl_key_file: "'host.key'" }),
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
  appendFileSync(join(data, 'postgresql.conf'), lines.join(''))
  for (const [name, content] of tls === undefined
    ? []
    : ([
        ['host.pem', tls.cert],
        ['host.key', tls.key],
      ] as const)) {
    writeFileSync(join(data, name), content, { mode: 0o600 })
    if (owner !== undefined) chownSync(join(data, name), owner.uid, owner.gid)
  }
  const url = `postgres://tester${password === undefined ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/postgres`
  let child: ChildProcess | undefined

  async function signalAll(signal: NodeJS.Signals): Promise<readonly number[]> {
    if (child?.pid === undefined) return []
    const pids = [child.pid, ...childrenOf(child.pid)]
    for (const pid of pids) kill(pid, signal)
    return pids
  }

  async function ended(pids: readonly number[]): Promise<void> {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    child = undefined
    while (pids.some(lives)) await sleep(10)
  }

  return {
    port,
    url,
    async start() {
      child = spawn(program, ['-D', data], { stdio: 'ignore', ...owner })
      const until = performance.now() + startMs
      while (!(await answers(url))) {
        if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}.`)
        if (performance.now() > until) throw new Error(`postgres did not answer within ${startMs} ms.`)
        await sleep(20)
      }
    },
    async stop() {
      await ended(await signalAll('SIGKILL'))
    },
    pause: () => void signalAll('SIGSTOP'),
    resume: () => void signalAll('SIGCONT'),
    async shutDown() {
      child?.kill('SIGINT')
      await ended([])
    },
    async close() {
      await ended(await signalAll('SIGKILL'))
      await rm(folder, { recursive: true })
    },
  }
}

let template: string | undefined

/** What `initdb` makes takes seconds, and most servers of tests begin with the same: this process makes it once, and copies it. */
function templateOf(program: string): string {
  if (template !== undefined) return template
  const folder = join(templateFolder(), `postgres-${process.pid}`)
  // Its owner comes through the folder that is around it.
  chmodSync(templateFolder(), 0o711)
  mkdirSync(folder)
  const owner = ownerOfProcesses()
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
  initialize(program, join(folder, 'data'), ['--auth=trust'])
  return (template = join(folder, 'data'))
}

function initialize(program: string, data: string, auth: readonly string[]): void {
  execFileSync(join(dirname(program), 'initdb'), ['-D', data, '-U', 'tester', '-E', 'UTF8', '--locale=C', '--no-sync', ...auth], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...ownerOfProcesses(),
  })
}

/** It refuses to run as root: then as the user who owns nothing. */
function ownerOfProcesses(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string): number => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** Each of its processes leads a group of its own, so none of them is reached by the group of the first. */
function childrenOf(parent: number): readonly number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => line.trim().split(/\s+/).map(Number)).flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []))
}

/** @returns Whether the process was there. */
function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
