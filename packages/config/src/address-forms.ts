import { isIP } from 'node:net'

/** Whether a text is an http or https origin without a path, or `unix:` and a path. The request's path comes from the client. */
export function isBackendUrl(text: string): boolean {
  if (text.startsWith('unix:')) return text.length > 'unix:'.length
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, hash, username } = new URL(text)
  return /^https?:$/.test(protocol) && pathname === '/' && search === '' && hash === '' && username === ''
}

/** Whether a text is an address or a name, without a port, a scheme or a path. */
export function isHostAlone(text: string): boolean {
  return isIP(text) !== 0 || !/[:/[\]\s]/.test(text)
}
