import { randomUUID } from 'node:crypto'
import express from 'express'
import { checkPassword } from './people.js'

/** The application's own login: a form, and a cookie session. */
export function addLogins(app) {
  const sessions = new Map()
  const sidOf = (request) => /(?:^|;\s*)sid=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  const fromForm = express.urlencoded({ extended: false, limit: '1kb' })

  app.post('/login', fromForm, (request, response) => {
    const { user = '', password = '' } = request.body ?? {}
    const person = checkPassword(String(user), String(password))
    if (person === undefined) return response.redirect(303, '/login.html?wrong')
    const sid = randomUUID()
    sessions.set(sid, person)
    response.cookie('sid', sid, { httpOnly: true, sameSite: 'strict' }).redirect(303, '/')
  })

  app.post('/logout', (request, response) => {
    sessions.delete(sidOf(request))
    response.clearCookie('sid').redirect(303, '/login.html')
  })

  // The page asks who it is; and Postern asks whose cookie a call has, and takes the tenant as the team.
  app.get('/api/me', (request, response) => {
    const person = sessions.get(sidOf(request))
    if (person === undefined) response.sendStatus(401)
    else response.json(person)
  })

  app.get('/', (request, response, next) => {
    if (sessions.has(sidOf(request))) next()
    else response.redirect(303, '/login.html')
  })
}
