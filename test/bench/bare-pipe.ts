/** The bare Node pipe: `http.request` on a keep-alive agent, one header added, piped both ways. */

import { Agent, request } from 'node:http'
import { keepForwarded, upstreamCredential } from './headers.js'
import { serve, upstreamPort } from './serve.js'

const port = upstreamPort()
const agent = new Agent({ keepAlive: true })

serve((req, res) => {
  const headers = keepForwarded(req.rawHeaders, ['host', `127.0.0.1:${port}`, 'authorization', upstreamCredential])
  const forwarded = request({ agent, host: '127.0.0.1', port, method: req.method, path: req.url, headers }, (incoming) => {
    res.writeHead(incoming.statusCode ?? 502, keepForwarded(incoming.rawHeaders))
    incoming.pipe(res)
  })
  forwarded.on('error', () => {
    if (res.headersSent) res.destroy()
    else res.writeHead(502).end()
  })
  res.on('close', () => {
    if (!res.writableFinished) forwarded.destroy()
  })
  if (req.method === 'GET') forwarded.end()
  else req.pipe(forwarded)
})
