import { request } from 'node:http'

/** Where an admin listener is: its socket, or its URL. */
export type AdminAt = { readonly socketPath: string } | { readonly url: string }

export interface AdminAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>> & { readonly error?: { readonly code: string; readonly message: string } }
}

export interface AdminAsk {
  readonly body?: unknown
  /** Presented as a Bearer token. */
  readonly credential?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks an admin listener; `what` is a method and a path, such as `POST /admin/v1/sessions`. */
export function askAdmin(at: AdminAt, what: string, { body, credential, headers }: AdminAsk = {}): Promise<AdminAnswer> {
  const [method = '', path = ''] = what.split(' ')
  const where = 'url' in at ? { hostname: new URL(at.url).hostname, port: new URL(at.url).port } : at
  const presented = credential === undefined ? {} : { authorization: `Bearer ${credential}` }
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, method, path, headers: { ...presented, ...headers } }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => (text += piece.toString()))
      answer.on('end', () => {
        const read = text === '' ? {} : (JSON.parse(text) as AdminAnswer['body'])
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read })
      })
    })
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
