import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { listenAnywhere } from './house.js'

/** A request that Vault got. */
export interface AskedOfVault {
  readonly method: string
  readonly path: string
  readonly token: string | undefined
  readonly namespace: string | undefined
  readonly body: unknown
}

/** What Vault plays: the key/value engine (version 2), tokens, and an AppRole, as its API documents have them. */
export interface VaultPlay {
  /** The fields of each secret, by its path: `secret/data/joytoken`. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** The tokens that may read, each with the seconds of its lease; 0: it has no end and cannot be renewed. */
  readonly tokens?: Readonly<Record<string, number>>
  readonly appRole?: { readonly roleId: string; readonly secretId: string; readonly leaseSeconds: number; readonly renewable?: boolean }
  readonly createdTime?: string
  /** Answers in place of what is played, if it returns `true`. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer }
}

export interface FakeVault {
  readonly url: string
  readonly asked: AskedOfVault[]
  /** Changes what is played from now on. */
  play(next: Partial<VaultPlay>): void
  /** The token of the latest login. */
  readonly issued: readonly string[]
  /** From now on, these tokens are no longer taken. */
  revoke(...tokens: string[]): void
  close(): Promise<void>
}

export async function startFakeVault(start: VaultPlay): Promise<FakeVault> {
  let now = start
  const asked: AskedOfVault[] = []
  const issued: string[] = []
  const revoked = new Set<string>()
  const isGood = (token: string | undefined): token is string =>
    token !== undefined && !revoked.has(token) && (issued.includes(token) || Object.hasOwn(now.tokens ?? {}, token))

  function answer(request: IncomingMessage, response: ServerResponse, text: string): void {
    const say = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const { method = '', url = '', headers } = request
    const token = headers['x-vault-token'] as string | undefined
    const body = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>)
    asked.push({ method, path: url, token, namespace: headers['x-vault-namespace'] as string | undefined, body })
    if (now.instead?.(request, response) === true) return
    const path = url.replace(/^\/v1\//, '')
    if (method === 'POST' && path === 'auth/approle/login') {
      const role = now.appRole
      if (role === undefined || body?.['role_id'] !== role.roleId || body['secret_id'] !== role.secretId)
        return say(400, { errors: ['invalid role or secret ID'] })
      issued.push(`hvs.issued-${issued.length}-of-a-login`)
      return say(200, authOf(issued.at(-1) as string, role.leaseSeconds, role.renewable !== false))
    }
    if (!isGood(token)) return say(403, { errors: ['permission denied'] })
    if (method === 'POST' && path === 'auth/token/renew-self') {
      const lease = issued.includes(token) ? (now.appRole?.leaseSeconds ?? 0) : (now.tokens?.[token] ?? 0)
      return lease === 0 ? say(400, { errors: ['lease is not renewable'] }) : say(200, authOf(token, lease, true))
    }
    const fields = method === 'GET' ? now.secrets?.[path] : undefined
    if (fields === undefined) return say(404, { errors: [] })
    const metadata = { created_time: now.createdTime ?? '2026-01-01T00:00:00Z', deletion_time: '', destroyed: false, version: 1 }
    return say(200, { lease_id: '', renewable: false, lease_duration: 0, data: { data: fields, metadata } })
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    let text = ''
    request.on('data', (piece: Buffer) => (text += piece.toString()))
    request.on('end', () => answer(request, response, text))
  }
  const server = start.tls === undefined ? createHttpServer(listener) : createHttpsServer(start.tls, listener)
  const origin = await listenAnywhere(server)
  return {
    url: start.tls === undefined ? origin : origin.replace('http://127.0.0.1', 'https://localhost'),
    asked,
    issued,
    play: (next) => (now = { ...now, ...next }),
    revoke: (...tokens) => tokens.forEach((token) => revoked.add(token)),
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function authOf(token: string, leaseSeconds: number, renewable: boolean): object {
  return { lease_duration: 0, auth: { client_token: token, lease_duration: leaseSeconds, renewable, token_policies: ['default'] } }
}
