import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bearer } from './bearer.js'
import type { OpenCaller } from './callers.js'
import { Child } from './child.js'
import { freePort } from './free-port.js'
import { upstreamCredential } from './headers.js'
import { type NodeLine, ownLine } from './node-line.js'
import type { RunningSubject } from './subjects.js'
import { untilAnswers } from './until-answers.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Its command, as it is installed. */
export const command = join(ROOT, 'sidecar/bin/postern.js')

/** What one Postern has that another has not. */
export interface PosternOptions {
  readonly callers?: readonly OpenCaller[]
  /** Further settings. */
  readonly further?: Readonly<Record<string, unknown>>
  /** What it runs under. Default: the Node that runs the benchmark. */
  readonly node?: NodeLine
  /** Processes that serve. Default: one, without a primary. */
  readonly workers?: number
}

/** A Postern that is up, and what its other commands need to know. */
export interface RunningPostern extends RunningSubject {
  /** Its configuration. */
  readonly file: string
  readonly env: Readonly<Record<string, string>>
}

function config(port: number, upstream: number, { callers = [], further = {}, workers = 1 }: PosternOptions): string {
  const lines = (settings: Readonly<Record<string, unknown>>, indent: string): string =>
    Object.entries(settings)
      .map(([name, value]) => `${indent}${name}: ${JSON.stringify(value)}\n`)
      .join('')
  const ways = callers.map((caller) => lines(caller.config, '  ')).join('')
  return `version: 1
listen: { host: 127.0.0.1, port: ${port}, workers: ${workers} }
mount: /ai
backend: { url: http://127.0.0.1:${upstream} }
gateways:
  main: { dialect: openai, baseURL: http://127.0.0.1:${upstream}/v1 }
keys:
  acme: { gateway: main, secret: { env: BENCH_KEY } }
bindings:
  - { team: acme, key: acme }
callers:
  service: { hashes: { env: GATEWAY_API_KEY_HASHES }, principals: { bench: { user: bench, team: acme } } }
${ways}policies: { models: ['*'] }
connections: { perAddress: 100000 }
${lines(further, '')}`
}

/** The files of a Postern's folder, and what it is started with. */
export interface Launch {
  /** Where it listens. */
  readonly port: number
  /** The name of its configuration among `files`. */
  readonly config: string
  /** Contents by name. */
  readonly files: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** What it runs under. Default: the Node that runs the benchmark. */
  readonly node?: NodeLine | undefined
}

/** A Postern that answers, and how long that took from the start of its process. */
export interface Launched {
  readonly child: Child
  readonly file: string
  readonly startMs: number
}

/** Starts Postern as an operator would: its own command, a configuration file. */
export async function launch({ port, config: name, files, env = {}, node = ownLine }: Launch): Promise<Launched> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  for (const [each, text] of Object.entries(files)) await writeFile(join(directory, each), text)
  const file = join(directory, name)
  const began = performance.now()
  const child = Child.start('postern', [command, 'start', '--config', file], { cwd: ROOT, speaks: false, env, command: node.command })
  void child.ended.then(() => rm(directory, { recursive: true, force: true }))
  await untilAnswers(child, port)
  return { child, file, startMs: performance.now() - began }
}

/** Starts Postern with secrets in the environment. */
export async function startPostern(upstream: number, options: PosternOptions = {}): Promise<RunningPostern> {
  const callerKey = randomBytes(24).toString('base64url')
  const port = await freePort()
  const env = {
    ...Object.assign({}, ...(options.callers ?? []).map((caller) => caller.env)),
    BENCH_KEY: upstreamCredential.replace('Bearer ', ''),
    GATEWAY_API_KEY_HASHES: `bench:${createHash('sha256').update(callerKey).digest('hex')}`,
  } as Record<string, string>
  const files = { 'postern.yaml': config(port, upstream, options) }
  const { child, file } = await launch({ port, config: 'postern.yaml', files, env, node: options.node })
  return { child, file, env, target: { port, path: '/ai/v1/chat/completions', credentials: bearer(callerKey) } }
}
