import { issueKey, startEmulator } from '@postern/emulator'
import { startBackend } from './backend.js'
import { startSidecar } from './sidecar.js'

// Stands in for the gateway; with a real one, write its address and key into postern.yaml.
const key = issueKey('joytoken')
const gateway = await startEmulator('joytoken', { keys: [key], eventDelayMs: 40 })
const backend = await startBackend()
const sidecar = await startSidecar(
  { PORT: process.env.PORT ?? '0', BACKEND: backend.url, GATEWAY: gateway.baseURL },
  { JOY_KEY_ACME: key.secret },
)
console.log(`The chat is at ${sidecar.url}/\nCtrl-C ends it.`)

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await sidecar.close()
    backend.close()
    await gateway.close()
  })
