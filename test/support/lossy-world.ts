import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessionMinter } from '@postern/server'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { askAdmin } from './ask-admin.js'
import { askConsole, openPage } from './ask-console.js'
import { plainCompletion } from './hostile-upstream.js'
import { readMetrics } from './read-metrics.js'
import { type RunningPostern, startPostern } from './run-postern.js'
import { prepareServer, type StoppableServer } from './stoppable-server.js'

/** Who may call beside sessions, and where calls are counted. */
export interface LossyOptions {
  readonly config: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** How many requests of each kind begin in a second. */
  readonly perSecond: number
  /** Whether there are, beside sessions, callers by JWT and by cookie, and a backend. */
  readonly hasOthers: boolean
  /** Whether a `postern console` is asked too. Default `false`: what it would show is asked at the admin listener. */
  readonly hasConsole?: boolean
}

/** What a sidecar says of a part, at one moment. */
export interface Told {
  /** The least value of the metric's series. */
  readonly up: number
  /** Whether `/readyz` names the part as impaired, and its status. */
  readonly impaired: boolean
  readonly ready: number
  /** What the console shows for the part. */
  readonly console: string | undefined
}

/** A sidecar under load, whose parts can be lost. */
export interface LossyWorld {
  readonly gateway: StoppableServer
  readonly backend: StoppableServer
  readonly issuer: StoppableServer
  readonly cookies: StoppableServer
  /** How many requests ended with which status. */
  readonly ended: ReadonlyMap<number, number>
  tell(part: string, metric: string): Promise<Told>
  /** The lines of the log with this message. */
  lines(message: string): readonly string[]
  /** Lets the sidecar write nothing into files, as on a full disk; or anything again. */
  fillDisk(isFull: boolean): void
  close(): Promise<void>
}

const secret = 'a-secret-for-sessions-of-the-lossy-world'
const credential = 'pst_of_an_operator_who_reads_all'

/** Opens a sidecar whose gateway, backend and issuers are processes, with a console, and calls it all the time. */
export async function openLossyWorld({ config, env = {}, perSecond, hasOthers, hasConsole = false }: LossyOptions): Promise<LossyWorld> {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-losses-'))
  const pair = await generateKeyPair('RS256')
  const key = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const gateway = await prepareServer({ '/v1/chat/completions': JSON.parse(plainCompletion) as unknown })
  const backend = await prepareServer({})
  const issuer = await prepareServer({ '/jwks.json': { keys: [key] } })
  const cookies = await prepareServer({ '/me': { user: 'ada', team: 'acme' } })
  const servers = [gateway, backend, issuer, cookies]
  await Promise.all(servers.map((server) => server.start()))
  const jwt = {
    issuer: 'https://id.example.com/',
    jwks: `${issuer.origin}/jwks.json`,
    audience: 'postern',
    algorithms: ['RS256'],
    claims: { team: 'team' },
    probe: '1s',
  }
  const others = { jwt: [jwt], forwardAuth: { url: `${cookies.origin}/me` } }
  writeFileSync(
    join(cwd, 'postern.json'),
    JSON.stringify({
      version: 1,
      listen: { port: 0 },
      admin: { socket: './admin.sock', credentials: { reader: { hash: hash('sha256', credential), roles: ['read'] } } },
      gateways: { main: { dialect: 'openai', baseURL: `${gateway.origin}/v1` } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } }, ...(hasOthers ? others : {}) },
      ...(hasOthers ? { backend: { url: backend.origin } } : {}),
      ...config,
    }),
  )
  const variables = { KEY: 'sk-0123456789abcdef', SESSION: secret, POSTERN_ADMIN_CREDENTIAL: credential, ...env }
  const sidecar = startPostern(['start', '--config', 'postern.json'], { cwd, env: variables })
  const [, url = ''] = await sidecar.prints(/"url":"([^"]+)".*"msg":"listening"/)
  const socketPath = join(cwd, 'admin.sock')
  const operator = hasConsole ? startPostern(['console', '--config', 'postern.json'], { cwd, env: variables, hasInput: true }) : undefined
  const shown = await askWhatIsShown(operator, socketPath)

  const { token: session } = await createSessionMinter({ secret }).mint({ team: 'acme', ttl: '10m' })
  const ofIssuer = await new SignJWT({ team: 'acme' })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', typ: 'JWT' })
    .setIssuer(jwt.issuer)
    .setAudience('postern')
    .setSubject('ada')
    .setExpirationTime('10m')
    .sign(pair.privateKey)
  const chat = (headers: Readonly<Record<string, string>>) => (): Promise<Response> =>
    fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"model":"auto","messages":[]}',
      signal: AbortSignal.timeout(30_000),
    })
  const kinds = [
    chat({ authorization: `Bearer ${session}` }),
    ...(hasOthers
      ? [
          chat({ authorization: `Bearer ${ofIssuer}` }),
          chat({ cookie: 'sid=1', 'sec-fetch-site': 'same-origin' }),
          () => fetch(new URL('/page', url), { signal: AbortSignal.timeout(30_000) }),
        ]
      : []),
  ]
  const ended = new Map<number, number>()
  const underWay = new Set<Promise<void>>()
  /** `0`: no answer came. */
  async function send(kind: () => Promise<Response>): Promise<void> {
    const status = await kind().then(
      async (answer) => (await answer.arrayBuffer(), answer.status),
      () => 0,
    )
    ended.set(status, (ended.get(status) ?? 0) + 1)
  }
  const clock = setInterval(() => {
    for (const kind of kinds) {
      const sent = send(kind).finally(() => underWay.delete(sent))
      underWay.add(sent)
    }
  }, 1000 / perSecond)

  return {
    gateway,
    backend,
    issuer,
    cookies,
    ended,
    async tell(part, metric) {
      const [metrics, readyz, told] = await Promise.all([
        readText(socketPath, '/metrics'),
        askAdmin({ socketPath }, 'GET /readyz'),
        shown(),
      ])
      const { impaired = [] } = readyz.body as { readonly impaired?: readonly string[] }
      return {
        up: Math.min(...[...readMetrics(metrics).series].flatMap(([name, value]) => (name.split('{')[0] === metric ? [value] : []))),
        impaired: impaired.includes(part),
        ready: readyz.status,
        console: told.find((each) => each.part === part)?.reason,
      }
    },
    lines: (message) =>
      sidecar
        .stdout()
        .split('\n')
        .filter((line) => line.includes(`"msg":"${message}"`)),
    fillDisk: (isFull) =>
      void execFileSync('prlimit', ['--pid', String(sidecar.child.pid), `--fsize=${isFull ? '1' : 'unlimited'}:unlimited`]),
    async close() {
      clearInterval(clock)
      for (const running of [operator, sidecar]) running?.child.kill('SIGKILL')
      await Promise.all([operator?.finished, sidecar.finished, ...underWay, ...servers.map((server) => server.stop())])
      rmSync(cwd, { recursive: true })
    },
  }
}

/** The text of a page of the admin listener. */
function readText(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, headers: { authorization: `Bearer ${credential}` } }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => (text += piece.toString()))
      answer.on('end', () => resolve(text))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })
}

interface Shown {
  readonly part: string
  readonly reason: string
}

/** Asks what the console shows as impaired. @param running The console; `undefined`: the admin listener is asked, as the console would. */
async function askWhatIsShown(running: RunningPostern | undefined, socketPath: string): Promise<() => Promise<readonly Shown[]>> {
  const read = ({ body }: { readonly body: object | undefined }): readonly Shown[] =>
    (body as { impaired?: readonly Shown[] }).impaired ?? []
  if (running === undefined) return async () => read(await askAdmin({ socketPath }, 'GET /admin/v1/readiness', { credential }))
  const [link] = await running.prints(/http:\/\/127\.0\.0\.1:\d+\/#code=\S+/)
  const headers = { authorization: `Bearer ${await openPage(link)}` }
  return async () => read(await askConsole(new URL(link).origin, 'GET /api/readiness', { headers }))
}
