import { connectionNames, rememberNames } from '@postern/core'
import { hopByHop } from '@postern/protocol'
import { classifyHeader, hyphenate } from './header-rules.js'

const forOnePeer = new Set(hopByHop)
/** Headers in Postern's name, which only Postern may set; `_` counts as `-`, as for servers that read both alike. */
const inOurName = 'postern-'
const isDroppedBeforeClient = rememberNames((spelling) => {
  const name = spelling.toLowerCase()
  return forOnePeer.has(name) || hyphenate(name).startsWith(inOurName) || name.startsWith('proxy-')
})

/** Copies to `to` the request headers that the backend gets unchanged, name and value in turn. */
export type PassToBackend = (to: string[], rawHeaders: readonly string[], connection: string | undefined, fromProxy: boolean) => void

/** @param ours Headers that only Postern may send to the backend. */
export function createPassToBackend(ours: readonly string[]): PassToBackend {
  const decide = classifyHeader(ours)
  const ruleOf = rememberNames((spelling) => decide(spelling.toLowerCase()))
  return (to, rawHeaders, connection, fromProxy) => {
    const named = connectionNames(connection)
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string
      const rule = ruleOf(name)
      if (rule !== 'forward' && (rule === 'drop' || !fromProxy)) continue
      if (named === undefined || !named.has(name.toLowerCase())) to.push(name, rawHeaders[index + 1] as string)
    }
  }
}

/** The response headers that the client gets unchanged, name and value in turn. A 204 has no `Content-Length` (RFC 9110, 8.6). */
export function passedToClient(status: number, rawHeaders: readonly string[], connection: string | undefined): string[] {
  const named = connectionNames(connection)
  const headers: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (status === 204 && name.length === 14 && name.toLowerCase() === 'content-length') continue
    if (isDroppedBeforeClient(name) || (named !== undefined && named.has(name.toLowerCase()))) continue
    headers.push(name, rawHeaders[index + 1] as string)
  }
  return headers
}

/** The same, but reads `Connection` from the raw headers, because undici's raw handler does not parse them. */
export function passedUnreadToClient(status: number, rawHeaders: readonly string[]): string[] {
  return passedToClient(status, rawHeaders, connectionOf(rawHeaders))
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
