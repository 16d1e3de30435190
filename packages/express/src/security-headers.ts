import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from 'helmet'

/** How helmet is set for a process that answers an API and a few pages of its own. */
const settings: Parameters<typeof helmet>[0] = {
  // Postern is often reached over plain http on this machine; a page there must not have its scripts turned to https.
  contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
}

/** helmet, set as everywhere in Postern: for Express applications. */
export function securityMiddleware(): ReturnType<typeof helmet> {
  return helmet(settings)
}

/**
 * What helmet would write, name and value in turn: for answers that no framework writes. helmet's values do
 * not depend on the request, so it is asked once.
 */
export function securityHeaders(): readonly string[] {
  const headers: string[] = []
  const recorder = {
    setHeader(name: string, value: string) {
      headers.push(name, value)
    },
    removeHeader() {},
  }
  helmet(settings)({} as IncomingMessage, recorder as unknown as ServerResponse, () => {})
  return headers
}
