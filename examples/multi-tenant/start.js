import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { issueKey, startEmulator } from '@postern/emulator'
import express from 'express'
import { addLogins } from './logins.js'
import { openPostern } from './tenants.js'

// Stands in for the gateway, which knows a key of each tenant.
const keys = { acme: issueKey('joytoken'), globex: issueKey('joytoken') }
const gateway = await startEmulator('joytoken', { keys: Object.values(keys) })

const app = express()
app.disable('x-powered-by')
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
await once(server, 'listening')
const origin = `http://127.0.0.1:${server.address().port}`

const ai = openPostern({
  origin,
  gateway: gateway.baseURL,
  env: { JOY_KEY_ACME: keys.acme.secret, JOY_KEY_GLOBEX: keys.globex.secret },
})
app.use('/ai', ai)
addLogins(app)
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))))

console.log(`The application is at ${origin}/
  Acme      ada / ada-opens-the-gate
  Globex    gus / gus-opens-the-gate
  Umbrella  uma / uma-opens-the-gate   (has no key)
Ctrl-C ends it. Each call shows here with who paid for it:
`)

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    ai.drain()
    server.close()
    server.closeIdleConnections()
    await ai.close()
    await gateway.close()
    server.closeAllConnections()
  })
