import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import express, { type Response } from 'express'
import { listenAnywhere } from './house.js'

/** How it answers when it is asked which user a cookie belongs to. */
export type Answering =
  | 'well'
  | 'with headers'
  | 'null'
  | 'nothing'
  | 'a redirect'
  | 'a page'
  | 'a list'
  | 'a number'
  | 'plainly, as if packed'
  | 'too much'
  | 'a fault'
  | 'never'

/** A customer's application with its own cookie sessions, and a path that names the user of a cookie. */
export interface CookieBackend {
  readonly origin: string
  /** The value for `callers.forwardAuth.url`. */
  readonly url: string
  /** The headers of each question, in order. */
  readonly asked: readonly Readonly<Record<string, unknown>>[]
  /** Signs a user in; returns the `Cookie` header that a browser sends from then on. */
  signIn(user: string, team: string): string
  signOut(cookie: string): void
  answer(how: Answering): void
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startCookieBackend(): Promise<CookieBackend> {
  const signedIn = new Map<string, { readonly user: string; readonly team: string }>()
  const asked: Readonly<Record<string, unknown>>[] = []
  let how: Answering = 'well'
  const sidOf = (cookie: string | undefined): string => /(?:^|;\s*)sid=([\w-]+)/.exec(cookie ?? '')?.[1] ?? ''

  const strange: Partial<Record<Answering, (response: Response) => unknown>> = {
    null: (response) => response.json(null),
    nothing: (response) => response.status(204).end(),
    'a redirect': (response) => response.redirect('/stolen'),
    'a page': (response) => response.send('<!doctype html><h1>Sign in</h1>'),
    'a list': (response) => response.json({ user: ['ada', 'bob'] }),
    'a number': (response) => response.json(7),
    'plainly, as if packed': (response) => response.setHeader('content-encoding', 'gzip').json({ user: 'ada', team: 'acme' }),
    'too much': (response) => response.json({ user: 'ada', padding: 'x'.repeat(100_000) }),
    'a fault': (response) => response.sendStatus(500),
    never: () => {},
  }

  const app = express()
  app.get('/api/me', (request, response) => {
    asked.push(request.headers)
    const otherwise = strange[how]
    if (otherwise !== undefined) {
      otherwise(response)
      return
    }
    const person = signedIn.get(sidOf(request.headers.cookie))
    if (person === undefined) response.sendStatus(401)
    else if (how === 'with headers') response.set({ 'X-Who': person.user, 'X-Whose': person.team }).end()
    else response.json({ ...person, roles: ['admin'], email: 'private@example.com' })
  })
  app.get('/', (_, response) => {
    response.send('<!doctype html><title>An application</title><h1>An application</h1>')
  })
  app.post('/login/:user/:team', (request, response) => {
    const sid = randomUUID()
    signedIn.set(sid, request.params)
    response.cookie('sid', sid, { httpOnly: true, sameSite: 'lax' }).sendStatus(204)
  })
  app.get('/stolen', (request, response) => {
    asked.push({ stolen: true, ...request.headers })
    response.json({ user: 'root', team: 'acme' })
  })

  const server = createServer(app)
  const origin = await listenAnywhere(server)
  return {
    origin,
    url: `${origin}/api/me`,
    asked,
    signIn(user, team) {
      const sid = randomUUID()
      signedIn.set(sid, { user, team })
      return `theme=dark; sid=${sid}; _ga=GA1.2.3`
    },
    signOut(cookie) {
      signedIn.delete(sidOf(cookie))
    },
    answer(next) {
      how = next
    },
    stop() {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
    start() {
      return new Promise((done) => server.listen(Number(new URL(origin).port), '127.0.0.1', () => done()))
    },
  }
}
