/** Fastify and its @fastify/reply-from, with the gateway's key. Bodies pass as they come. */

import replyFrom from '@fastify/reply-from'
import { fastify } from 'fastify'
import { upstreamCredential } from './headers.js'
import { endWithParent, keepAliveMs, upstreamPort } from './serve.js'

endWithParent()
const app = fastify({ keepAliveTimeout: keepAliveMs })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
await app.register(replyFrom, { base: `http://127.0.0.1:${upstreamPort()}` })
app.all('/*', (request, reply) =>
  reply.from(request.url, { rewriteRequestHeaders: (_, headers) => ({ ...headers, authorization: upstreamCredential }) }),
)
const address = new URL(await app.listen({ host: '127.0.0.1', port: 0, listenTextResolver: () => '' }))
process.stdout.write(`${JSON.stringify({ port: Number(address.port) })}\n`)
