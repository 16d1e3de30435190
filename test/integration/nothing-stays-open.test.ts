import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readProxies } from '../../packages/config/src/proxies.js'
import { fetchJson } from '../../packages/core/src/connect/fetch-json.js'
import { openDispatchers } from '../../packages/core/src/connect/open-dispatchers.js'
import { listenAnywhere, openHouse } from '../support/house.js'
import { audience } from '../support/issuer.js'
import { startProxy } from '../support/proxy.js'

/** A server that counts who is connected to it, and keeps idle connections for a minute. */
interface Peer {
  readonly server: Server
  readonly sockets: Set<Socket>
}

function openPeer(answer: () => object): Peer {
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer()))
  })
  server.on('connection', (socket: Socket) => sockets.add(socket.once('close', () => sockets.delete(socket))))
  return { server, sockets }
}

/** How many connections are left, once those that were ended had the time to close. */
async function left({ sockets }: Peer): Promise<number> {
  for (let waits = 0; waits < 50 && sockets.size > 0; waits += 1) await sleep(20)
  return sockets.size
}

describe('after Runtime.close nothing is open', () => {
  let folder: string
  let sign: (issuer: string) => Promise<string>
  const keys: object[] = []
  const peers: Peer[] = []
  const open = async (answer: () => object): Promise<Peer & { readonly origin: string }> => {
    const peer = openPeer(answer)
    peers.push(peer)
    return { ...peer, origin: await listenAnywhere(peer.server) }
  }
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-'))
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    keys.push({ ...(await exportJWK(publicKey)), kid: 'one' })
    sign = (issuer) =>
      new SignJWT({ sub: 'ada', team: 'acme' })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime('5m')
        .sign(privateKey)
  })
  afterAll(async () => {
    for (const { server } of peers) {
      server.closeAllConnections()
      server.close()
    }
    rmSync(folder, { recursive: true })
  })

  const issuerOf = (issuer: string, jwks: string) => ({ issuer, jwks, audience, algorithms: ['ES256' as const], claims: { team: 'team' } })

  test('to an issuer', async () => {
    const near = await open(() => ({ keys }))
    const house = await openHouse({ callers: { jwt: [issuerOf('https://near.test', `${near.origin}/jwks`)] } })
    expect((await house.chat({ credential: await sign('https://near.test') })).status).toBe(200)
    expect(near.sockets.size).toBe(1)
    await house.close()
    expect(await left(near)).toBe(0)
  })

  test('to an issuer behind a proxy', async () => {
    const far = await open(() => ({ keys }))
    const proxy = await startProxy(() => Number(new URL(far.origin).port))
    const roads = openDispatchers(readProxies({ http_proxy: `http://127.0.0.1:${proxy.port}` }).proxyOf)
    const url = new URL('http://issuer.test/jwks')
    const signal = AbortSignal.timeout(5000)
    expect(await fetchJson(url.href, { maxBytes: 10_000, signal, dispatcher: roads.to(url) })).toEqual({ keys })
    expect(proxy.asked).toEqual(['GET http://issuer.test/jwks'])
    expect(proxy.connections()).toBe(1)
    await roads.close()
    for (let waits = 0; waits < 50 && proxy.connections() > 0; waits += 1) await sleep(20)
    expect(proxy.connections()).toBe(0)
    await proxy.close()
  })

  test.each(['a port', 'a Unix socket'])('to a backend on %s that says who is calling', async (place) => {
    const backend = openPeer(() => ({ user: 'ada', team: 'acme' }))
    peers.push(backend)
    const socket = join(folder, 'backend.sock')
    let url = `unix:${socket}:/me`
    if (place === 'a port') url = `${await listenAnywhere(backend.server)}/me`
    else await once(backend.server.listen(socket), 'listening')
    const house = await openHouse({ callers: { forwardAuth: { url, claims: { user: 'user', team: 'team' } } } })
    const answer = await house.chat({ credential: null, headers: { cookie: 'session=1', 'sec-fetch-site': 'same-origin' } })
    expect(answer.status).toBe(200)
    expect(backend.sockets.size).toBe(1)
    await house.close()
    expect(await left(backend)).toBe(0)
  })
})
