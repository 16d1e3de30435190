import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { issueKey, startEmulator } from '@postern/emulator'
import { postern } from '@postern/express'
import { createSessionMinter } from '@postern/server'
import express from 'express'

/** Everything that is not the agent: an emulated gateway, Postern in front of it, and who mints sessions. */
export async function openGateway() {
  const key = issueKey('joytoken')
  const secret = randomBytes(32).toString('base64url')
  const gateway = await startEmulator('joytoken', { keys: [key] })
  const ai = postern(
    {
      version: 1,
      gateways: { main: { dialect: 'joytoken', baseURL: gateway.baseURL } },
      keys: { support: { gateway: 'main', secret: { env: 'JOY_KEY_SUPPORT' } } },
      bindings: [{ team: 'support', key: 'support' }],
      callers: { session: { secret: { env: 'SESSION_SECRET' } } },
    },
    {
      env: { JOY_KEY_SUPPORT: key.secret, SESSION_SECRET: secret },
      ledger: { append() {}, flush: () => Promise.resolve() },
    },
  )
  const server = express().use('/ai', ai).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/ai`,
    minter: createSessionMinter({ secret }),
    async close() {
      server.close()
      server.closeAllConnections()
      await ai.close()
      await gateway.close()
    },
  }
}
