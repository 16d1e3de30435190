import { fileURLToPath } from 'node:url'
import type { SessionMinter } from '@postern/server'
import express, { type Express } from 'express'
import { demoPeople } from './demo-people.js'

const folder = fileURLToPath(new URL('../demo', import.meta.url))

/** The chat page and its small backend: a list of people, and a session token for one of them. */
export function addDemoPages(app: Express, minter: SessionMinter, model: string): void {
  app.get('/demo/people.json', (_request, response) => {
    response.json(demoPeople)
  })
  app.post('/demo/session', express.json({ limit: '1kb' }), async (request, response) => {
    const person = demoPeople.find(({ id }) => id === (request.body as { person?: unknown } | undefined)?.person)
    if (person === undefined) {
      response
        .status(404)
        .json({ error: { message: 'There is no such person in this demo.', type: 'not_found_error', code: 'not_found', param: 'person' } })
      return
    }
    const { token, expiresAt } = await minter.mint({ user: person.id, team: person.team })
    response.set('Cache-Control', 'no-store').json({ token, expires_at: expiresAt, model })
  })
  app.use(express.static(folder))
}
