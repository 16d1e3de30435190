import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import express from 'express'

const dist = fileURLToPath(new URL('dist', import.meta.url))

/** The application itself: its page, its login, its cookie. It knows nothing of any gateway. */
export async function startBackend() {
  const people = new Map()
  const personOf = (request) => people.get(/(?:^|;\s*)sid=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1])

  const app = express()
  app.disable('x-powered-by')
  app.post('/api/login', express.json({ limit: '1kb' }), (request, response) => {
    const user = String(request.body?.user ?? '').trim()
    if (!/^[\p{L}\p{N} ]{1,40}$/u.test(user)) return response.status(400).json({ message: 'A name has letters, digits and spaces.' })
    const sid = randomUUID()
    people.set(sid, { user, team: 'acme' })
    response.cookie('sid', sid, { httpOnly: true, sameSite: 'strict' }).json(people.get(sid))
  })
  // The page asks who it is, and so does Postern: it sends the cookie of each call here.
  app.get('/api/me', (request, response) => {
    const person = personOf(request)
    if (person === undefined) response.sendStatus(401)
    else response.json(person)
  })
  app.use(express.static(dist))

  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
