import { hopByHop } from '../hop-by-hop.js'

/** For one peer only; an expectation is met by us. */
const forOnePeer = new Set([...hopByHop, 'expect'])

const saidAnew = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'])

/** The request headers that the backend gets as they came, name and value in turn. */
export function passedToBackend(rawHeaders: readonly string[], connection: string | undefined): string[] {
  return passed(rawHeaders, connection, (name) => saidAnew.has(name))
}

/** The response headers that the client gets as they came. */
export function passedToClient(rawHeaders: readonly string[], connection: string | undefined): string[] {
  return passed(rawHeaders, connection, () => false)
}

function passed(rawHeaders: readonly string[], connection: string | undefined, isDropped: (name: string) => boolean): string[] {
  const named =
    connection === undefined || connection === 'keep-alive' || connection === 'close' ? [] : connection.toLowerCase().split(/\s*,\s*/)
  const headers: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    // `X_Forwarded_For` is the same to many servers.
    if (forOnePeer.has(name) || name.startsWith('proxy-') || named.includes(name) || isDropped(name.replaceAll('_', '-'))) continue
    headers.push(rawHeaders[index] as string, rawHeaders[index + 1] as string)
  }
  return headers
}
