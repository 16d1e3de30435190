/** The proxy people write by hand: Express 5, helmet, express-rate-limit, and undici with the gateway's key. */

import express from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { Pool } from 'undici'
import { isForwarded, upstreamCredential } from './headers.js'
import { pagePath } from './page.js'
import { serve, upstreamPort } from './serve.js'

const pool = new Pool(`http://127.0.0.1:${upstreamPort()}`)
const app = express()

app.use(helmet())
app.use(rateLimit({ windowMs: 60_000, limit: 1_000_000_000, standardHeaders: 'draft-8', legacyHeaders: false }))

app.all(['/v1/chat/completions', pagePath], async (req, res) => {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(req.headers)) {
    if (value !== undefined && isForwarded(name)) headers[name] = value
  }
  headers['authorization'] = upstreamCredential

  const method = req.method
  const body = method === 'GET' ? null : req
  await pool.stream({ method, path: req.originalUrl, headers, body }, (reply) => {
    res.status(reply.statusCode)
    for (const [name, value] of Object.entries(reply.headers)) {
      if (value !== undefined && isForwarded(name)) res.setHeader(name, value)
    }
    return res
  })
})

serve(app)
