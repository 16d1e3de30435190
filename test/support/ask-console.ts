import { type IncomingHttpHeaders, request } from 'node:http'

/** What a console answered. */
export interface ConsoleAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The text as JSON; `undefined` if it is something else. */
  readonly body:
    | { readonly [member: string]: unknown; readonly token?: string; readonly error?: { readonly code: string; readonly message: string } }
    | undefined
}

interface ConsoleQuestion {
  /** Replace those that a page of the console sends; `undefined` takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
}

/** Asks a console as its own page would. @param what A method and a path. */
export function askConsole(origin: string, what: string, { headers = {}, body }: ConsoleQuestion = {}): Promise<ConsoleAnswer> {
  const [method = '', path = ''] = what.split(' ')
  const { hostname, port, host } = new URL(origin)
  const sent = {
    host,
    'sec-fetch-site': 'same-origin',
    ...(method === 'GET' ? {} : { origin, 'content-type': 'application/json' }),
    ...headers,
  }
  const given = Object.fromEntries(Object.entries(sent).filter((entry): entry is [string, string] => entry[1] !== undefined))
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers: given, setHost: false, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => (text += piece))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, body: parsed(text) }))
    })
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  })
}

/** Trades the code of a link for a token. */
export async function openPage(link: string): Promise<string> {
  const { origin, hash } = new URL(link)
  const { body, text } = await askConsole(origin, 'POST /token', { body: { code: hash.slice('#code='.length) } })
  if (body?.token === undefined) throw new Error(`The console gave no token: ${text}`)
  return body.token
}

function parsed(text: string): ConsoleAnswer['body'] {
  try {
    return JSON.parse(text) as ConsoleAnswer['body']
  } catch {
    return undefined
  }
}
