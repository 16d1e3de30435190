import { createHash } from 'node:crypto'
import { startEmulator } from '@postern/emulator'
import { postern } from '@postern/express'
import express from 'express'

// Stands in for the gateway; with a real one, leave it out and write its dialect and key below.
const gatewayKey = 'jt_example_key'
const emulator = await startEmulator('joytoken', { keys: [{ secret: gatewayKey }] })

// What the environment of a real process would hold. Only the hash of a caller's credential is kept.
const credential = 'example-credential'
const env = {
  JOY_KEY_ACME: gatewayKey,
  GATEWAY_API_KEY_HASHES: `reports:${createHash('sha256').update(credential).digest('hex')}`,
}

const ai = postern(
  {
    version: 1,
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'JOY_KEY_ACME' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'GATEWAY_API_KEY_HASHES' }, principals: { reports: { team: 'acme' } } } },
  },
  { env },
)

const app = express()
app.use('/ai', ai)
app.use(express.json())
app.get('/', (_request, response) => response.send('The application itself.'))

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const body = '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'
  const url = `http://127.0.0.1:${server.address().port}/ai/v1/chat/completions`
  console.log(`curl -s -i ${url} -H 'Authorization: Bearer ${credential}' -H 'Content-Type: application/json' -d '${body}'`)
})

process.once('SIGINT', async () => {
  ai.drain()
  server.close()
  server.closeIdleConnections()
  await ai.close()
  await emulator.close()
})
