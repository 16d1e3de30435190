import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listenAnywhere } from './house.js'

/** A request that the token endpoint got. */
export interface AskedForToken {
  readonly form: Readonly<Record<string, string>>
  readonly authorization: string | undefined
}

export interface TokenEndpoint {
  readonly url: string
  readonly asked: readonly AskedForToken[]
  /** The tokens that were given, in their order. */
  readonly given: readonly string[]
  /** How long tokens live from now on, in seconds; `undefined`: it does not say. */
  lifeSeconds: number | undefined
  /** Answers in place of what is played, if it is set. */
  instead: ((response: ServerResponse) => void) | undefined
  close(): Promise<void>
}

/** A token endpoint as RFC 6749, 4.4, and RFC 8693 have it: it gives another token each time. */
export async function startTokenEndpoint(lifeSeconds?: number): Promise<TokenEndpoint> {
  const asked: AskedForToken[] = []
  const given: string[] = []
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    let text = ''
    request.on('data', (piece: Buffer) => (text += piece.toString()))
    request.on('end', () => {
      asked.push({ form: Object.fromEntries(new URLSearchParams(text)), authorization: request.headers.authorization })
      if (endpoint.instead !== undefined) return endpoint.instead(response)
      given.push(`ey_token_of_the_issuer_${given.length}`)
      const exchanged = asked.at(-1)?.form['grant_type']?.endsWith('token-exchange') === true
      const body = {
        access_token: given.at(-1),
        token_type: 'Bearer',
        ...(endpoint.lifeSeconds === undefined ? {} : { expires_in: endpoint.lifeSeconds }),
        ...(exchanged ? { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' } : {}),
      }
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
    })
  }
  const server = createServer(listener)
  const url = `${await listenAnywhere(server)}/token`
  const endpoint: TokenEndpoint = {
    url,
    asked,
    given,
    lifeSeconds,
    instead: undefined,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return endpoint
}
