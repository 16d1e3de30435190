import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'

/** How a proxy in front of Postern is called. */
export interface ProxyPlace {
  readonly port: number
  /** The authority of its certificate; `undefined`: it speaks no TLS. */
  readonly authority: Buffer | undefined
}

/** A request; `host` among its headers replaces `app.example.com`. */
export interface AskedThrough {
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends a request for `app.example.com` to a proxy, and gives the head of the answer. */
export function askThrough({ port, authority }: ProxyPlace, options: AskedThrough, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { headers, ...others } = options
    const whole = { host: '127.0.0.1', port, agent: false as const, headers: { host: 'app.example.com', ...headers }, ...others }
    const asked: ClientRequest =
      authority === undefined
        ? requestPlain(whole, resolve)
        : requestTls({ ...whole, servername: 'app.example.com', ca: authority }, resolve)
    asked.on('error', reject)
    asked.end(body)
  })
}

/** The whole text of an answer. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of answer) text += (piece as Buffer).toString()
  return text
}

/** Asks for a stream, and says when each piece of it came, in milliseconds from the first. */
export async function streamThrough(
  place: ProxyPlace,
  credential: string,
): Promise<{ readonly text: string; readonly times: readonly number[] }> {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
  const body = '{"model":"auto","stream":true,"messages":[{"role":"user","content":"one two three four five six seven eight"}]}'
  const answer = await askThrough(place, { path: '/ai/v1/chat/completions', method: 'POST', headers }, body)
  const times: number[] = []
  let text = ''
  for await (const piece of answer) {
    times.push(performance.now())
    text += (piece as Buffer).toString()
  }
  return { text, times: times.map((time) => time - (times[0] as number)) }
}
