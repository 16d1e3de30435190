import { createServer } from 'node:net'
import { listenAnywhere } from './house.js'

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const origin = await listenAnywhere(server)
  await new Promise((done) => server.close(done))
  return Number(new URL(origin).port)
}
