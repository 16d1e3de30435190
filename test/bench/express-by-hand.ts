/**
 * What people would write by hand to do what Postern does: Express 5 with helmet and express-rate-limit, the digest of the caller's
 * credential, the request's JSON read and checked, the gateway's key, a request id, the answer's JSON read for its token counts, a
 * header that says so, and a line in the log.
 */

import { hash, randomUUID, timingSafeEqual } from 'node:crypto'
import express, { type NextFunction, type Request, type Response } from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { destination, pino } from 'pino'
import { Pool } from 'undici'
import { callerKey, upstreamCredential } from './headers.js'
import { serve, upstreamPort } from './serve.js'

interface Chat {
  readonly model: string
  readonly messages: readonly unknown[]
  readonly stream?: boolean
}

const pool = new Pool(`http://127.0.0.1:${upstreamPort()}`)
const app = express()
// The other subjects' log lines go to /dev/null as well.
const log = pino({ base: null }, destination({ dest: '/dev/null', sync: false }))
const callers = new Map([[hash('sha256', callerKey), { name: 'bench', team: 'acme', models: ['bench-*'] }]])

app.use(helmet())
app.use(rateLimit({ windowMs: 60_000, limit: 1_000_000_000, standardHeaders: 'draft-8', legacyHeaders: false }))

function identify(req: Request, res: Response, next: NextFunction): void {
  const [scheme, credential = ''] = (req.headers.authorization ?? '').split(' ')
  const digest = hash('sha256', credential)
  const known = [...callers.keys()].find((each) => timingSafeEqual(Buffer.from(each, 'hex'), Buffer.from(digest, 'hex')))
  if (scheme !== 'Bearer' || known === undefined) {
    res.status(401).json({ error: { message: 'There is no such caller.' } })
    return
  }
  res.locals['caller'] = callers.get(known)
  next()
}

function isChat(body: unknown): body is Chat {
  if (typeof body !== 'object' || body === null) return false
  const { model, messages } = body as Partial<Chat>
  return typeof model === 'string' && model.startsWith('bench-') && Array.isArray(messages)
}

app.post('/v1/chat/completions', identify, express.json({ limit: '4mb' }), async (req, res) => {
  const began = performance.now()
  const body: unknown = req.body
  if (!isChat(body)) {
    res.status(400).json({ error: { message: 'This is no chat.' } })
    return
  }
  const id = `${req.get('x-workflow-id') ?? '_'}.${req.get('x-step-id') ?? '_'}.${randomUUID()}.1`
  const headers = { 'content-type': 'application/json', authorization: upstreamCredential, 'x-request-id': id }
  const answer = await pool.request({ method: 'POST', path: req.originalUrl, headers, body: JSON.stringify(body) })
  const caller = res.locals['caller'] as { readonly name: string; readonly team: string }
  const known = { request_id: id, caller: caller.name, team: caller.team, model_requested: body.model }
  res.status(answer.statusCode)
  res.setHeader('x-request-id', id)
  res.setHeader('content-type', String(answer.headers['content-type']))
  if (body.stream === true) {
    res.setHeader('x-governance', JSON.stringify(known))
    answer.body.pipe(res)
    answer.body.on('end', () => log.info({ ...known, ms: performance.now() - began }, 'request'))
    return
  }
  const text = await answer.body.text()
  const { model, usage } = JSON.parse(text) as { readonly model?: string; readonly usage?: object }
  const record = { ...known, model, usage, finish: 'complete' }
  res.setHeader('x-governance', JSON.stringify(record))
  res.send(text)
  log.info({ ...record, method: req.method, path: req.path, status: answer.statusCode, ms: performance.now() - began }, 'request')
})

serve(app)
