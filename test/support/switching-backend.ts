import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { listenAnywhere } from './house.js'

/** A customer's application in which the user of a cookie may change. */
export interface SwitchingBackend {
  readonly origin: string
  /** The value for `callers.forwardAuth.url`. */
  readonly url: string
  /** How often it was asked which user a cookie belongs to. */
  readonly asked: () => number
  /** How many other requests have reached it. */
  readonly came: () => number
  /** Sets the team of a cookie inside the application: no request through Postern shows the change. */
  become(sid: string, team: string | undefined): void
  /**
   * Delays its answers about cookies from now on; each keeps the team of the time of its request. Returns the
   * function that sends them.
   */
  hold(): () => void
  /** Delays its answers to all other requests likewise, and the changes that they make. */
  holdChanges(): () => void
  stop(): Promise<void>
}

/**
 * `/api/me` names the user of the cookie `sid`. Any other path is `/TEAM?when=…&set`, with any method: from then on
 * the cookie belongs to that team, before the head of the answer (`when=head`) or after it (`when=end`). `set` sets a
 * cookie.
 */
export async function startSwitchingBackend(): Promise<SwitchingBackend> {
  const teams = new Map<string, string | undefined>()
  let asked = 0
  let came = 0
  let held: (() => void)[] | undefined
  let heldChanges: (() => void)[] | undefined

  function change({ url = '', headers }: IncomingMessage): { readonly commit: () => void; readonly when: string; readonly set: string[] } {
    const { pathname, searchParams } = new URL(url, 'http://x')
    const sid = sidOf(headers.cookie)
    const set = searchParams.has('set') ? ['Set-Cookie', `${searchParams.get('set') ?? ''}; Path=/; HttpOnly`] : []
    return { commit: () => teams.set(sid, pathname.slice(1)), when: searchParams.get('when') ?? 'head', set }
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    if (request.url === '/api/me') {
      asked += 1
      const team = teams.get(sidOf(request.headers.cookie))
      const say = (): void =>
        void response
          .writeHead(team === undefined ? 401 : 200)
          .end(JSON.stringify({ user: `user of ${sidOf(request.headers.cookie)}`, team }))
      if (held === undefined) say()
      else held.push(say)
      return
    }
    came += 1
    const { commit, when, set } = change(request)
    const say = (): void => {
      if (when === 'head') commit()
      response.writeHead(200, ['Content-Type', 'text/plain', ...set])
      response.write('first')
      if (when === 'end') commit()
      response.end('last')
    }
    request.once('end', () => (heldChanges === undefined ? say() : heldChanges.push(say)))
  }

  const server = createServer(answer)
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    upgraded.add(socket)
    socket.on('error', () => {})
    const { commit, set } = change(request)
    commit()
    const refused = request.url?.includes('refuse') === true
    const lines = refused
      ? ['HTTP/1.1 403 Forbidden', 'Content-Length: 0']
      : ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
    socket.write([...lines, ...(set.length === 0 ? [] : [set.join(': ')]), '', ''].join('\r\n'))
    if (refused) socket.end()
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    url: `${origin}/api/me`,
    asked: () => asked,
    came: () => came,
    become: (sid, team) => void teams.set(sid, team),
    hold() {
      const waiting = (held = [] as (() => void)[])
      return () => {
        held = undefined
        for (const say of waiting) say()
      }
    },
    holdChanges() {
      const waiting = (heldChanges = [] as (() => void)[])
      return () => {
        heldChanges = undefined
        for (const say of waiting) say()
      }
    },
    async stop() {
      for (const socket of upgraded) socket.destroy()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function sidOf(cookie = ''): string {
  return /(?:^|;\s*)sid="?([\w-]+)/.exec(cookie)?.[1] ?? ''
}
