import { hopByHop } from '../hop-by-hop.js'

/** For one peer only; an expectation is met by us. */
const forOnePeer = new Set([...hopByHop, 'expect'])

const saidAnew = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'])

/** Spellings that one filter remembers; they come from outside, so there is a bound. */
const rememberedSpellings = 4096
const longestRemembered = 64

type IsDropped = (name: string) => boolean

/** The filter of each direction remembers what it decided: names come in few spellings. */
function createFilter(isDropped: (lowerCase: string) => boolean): IsDropped {
  const decided = new Map<string, boolean>()
  return (spelling) => {
    const known = decided.get(spelling)
    if (known !== undefined) return known
    const name = spelling.toLowerCase()
    const dropped = forOnePeer.has(name) || name.startsWith('proxy-') || isDropped(name)
    if (spelling.length <= longestRemembered && decided.size < rememberedSpellings) decided.set(spelling, dropped)
    return dropped
  }
}

const isDroppedForClient = createFilter(() => false)

/** The request headers that the backend gets as they came, name and value in turn. */
export type PassedToBackend = (rawHeaders: readonly string[], connection: string | undefined) => string[]

/** @param further Headers that we alone say to the backend. */
export function createPassedToBackend(further: readonly string[]): PassedToBackend {
  const ours = new Set([...saidAnew, ...further.map(plainName)])
  // `X_Forwarded_For` is the same to many servers.
  const isDropped = createFilter((name) => ours.has(plainName(name)))
  return (rawHeaders, connection) => passed(rawHeaders, connection, isDropped)
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/** The response headers that the client gets as they came. */
export function passedToClient(rawHeaders: readonly string[], connection: string | undefined): string[] {
  return passed(rawHeaders, connection, isDroppedForClient)
}

/** The same, of a head that nobody has read yet: as Latin-1, so that what passes is passed unchanged. */
export function passedBytesToClient(rawHeaders: readonly Buffer[]): string[] {
  const raw = rawHeaders.map((bytes) => bytes.toString('latin1'))
  return passedToClient(raw, connectionOf(raw))
}

function passed(rawHeaders: readonly string[], connection: string | undefined, isDropped: IsDropped): string[] {
  const named = namedBy(connection)
  const headers: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (isDropped(name) || (named !== undefined && named.includes(name.toLowerCase()))) continue
    headers.push(name, rawHeaders[index + 1] as string)
  }
  return headers
}

/** The headers that the sender says are for its peer only. */
function namedBy(connection: string | undefined): string[] | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return connection.toLowerCase().split(/\s*,\s*/)
}

function connectionOf(raw: readonly string[]): string | undefined {
  let connection: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = raw[index + 1] as string
    connection = connection === undefined ? value : `${connection}, ${value}`
  }
  return connection
}
