import { hash, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import express from 'express'
import { WebSocketServer } from 'ws'
import { ignoreReset } from './next-upgrade.js'

/**
 * A typical application of a customer: pages rendered on the server, a cookie session, uploads, events, a chat over
 * WebSocket.
 */
export function createSampleBackend(): Server {
  const app = express()
  const sessions = new Map<string, string>()
  const listeners: express.Response[] = []
  const whoIs = (cookie: string | undefined): string | undefined => sessions.get(/(?:^|;\s*)sid=([\w-]+)/.exec(cookie ?? '')?.[1] ?? '')

  app.get('/', (request, response) => {
    response.send(`<!doctype html><h1>Hello ${whoIs(request.headers.cookie) ?? 'stranger'}</h1>`)
  })
  app.post('/login', express.urlencoded({ extended: false }), (request, response) => {
    const id = randomUUID()
    sessions.set(id, (request.body as { name: string }).name)
    response.cookie('sid', id, { httpOnly: true, sameSite: 'lax' }).cookie('theme', 'dark').redirect(303, '/')
  })
  app.all('/echo/*rest', (request, response) => {
    response.json({ method: request.method, url: request.originalUrl, headers: request.headers, raw: request.rawHeaders })
  })
  app.put('/upload', (request, response) => {
    const digests: Buffer[] = []
    request.on('data', (chunk: Buffer) => digests.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(digests)
      response.status(201).json({ bytes: body.length, sha256: hash('sha256', body), type: request.headers['content-type'] })
    })
  })
  app.get('/events', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    response.write('data: 1\n\n')
    listeners.push(response)
  })
  app.post('/events', (_, response) => {
    for (const each of listeners.splice(0)) each.end('data: 2\n\n')
    response.end()
  })
  app.get('/never-ends', (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: begun\n\n')
    request.on('close', () => left.add('never-ends'))
  })
  app.get('/breaks', (request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '1000' })
    response.write('a part', () => setTimeout(() => request.socket.destroy(), 20))
  })
  app.get('/slow', () => {})
  app.get('/no-content', (_, response) => {
    response.writeHead(204, { 'x-kept': 'yes' }).end()
  })
  app.get('/teapot', (_, response) => {
    response.status(418).append('X-Twice', 'one').append('X-Twice', 'two').set({ Connection: 'close, x-hop', 'X-Hop': 'between us' })
    response.end('short and stout')
  })
  const left = new Set<string>()
  app.get('/left', (_, response) => {
    response.json([...left])
  })

  const server = createServer(app)
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols][0] ?? false })
  server.on('upgrade', (request, socket, head) => {
    ignoreReset(socket)
    if (request.url !== '/chat' || whoIs(request.headers.cookie) === undefined) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 14\r\nConnection: close\r\n\r\nplease sign in')
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data, isBinary) =>
        client.send(isBinary ? (data as Buffer) : `${whoIs(request.headers.cookie)}: ${(data as Buffer).toString()}`, { binary: isBinary }),
      )
    })
  })
  return server
}
