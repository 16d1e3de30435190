/** Express 5 and http-proxy-middleware, with the gateway's key and a connection that is kept. */

import { Agent } from 'node:http'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { upstreamCredential } from './headers.js'
import { serve, upstreamPort } from './serve.js'

const app = express()
app.use(
  createProxyMiddleware({
    target: `http://127.0.0.1:${upstreamPort()}`,
    agent: new Agent({ keepAlive: true }),
    headers: { authorization: upstreamCredential },
  }),
)

serve(app)
