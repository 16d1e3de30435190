import { requestBody, type Pace } from './completion.js'
import type { Target } from './job.js'
import { form } from './page.js'

/** What a load asks: a chat completion of the gateway, a page of the backend, or that the backend takes a form. */
export type RequestKind = 'chat' | 'page' | 'form'

/** What a browser says with every request of a page. */
const BROWSER = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Cookie: sid=5e1fd00d-0000-4000-8000-00000000b0b0',
]

interface Form {
  readonly method: 'GET' | 'POST'
  readonly headers: readonly string[]
  readonly body: Buffer
}

function formOf(kind: RequestKind, pace: Pace | undefined, bytes: number | undefined): Form {
  if (kind === 'page') return { method: 'GET', headers: BROWSER, body: Buffer.alloc(0) }
  if (kind === 'form') return { method: 'POST', headers: [...BROWSER, 'Content-Type: application/x-www-form-urlencoded'], body: form }
  const accept = pace === undefined ? 'application/json' : 'text/event-stream'
  const headers = ['Content-Type: application/json', `Accept: ${accept}`, 'X-Workflow-ID: bench', 'X-Step-ID: one']
  return { method: 'POST', headers, body: requestBody(pace, bytes) }
}

/** Renders a whole request, so that sending it is one write. */
export function renderRequest(
  { port, path }: { readonly port: number; readonly path: string },
  credential: readonly string[],
  kind: RequestKind,
  pace?: Pace,
  bytes?: number,
): Buffer {
  const { method, headers, body } = formOf(kind, pace, bytes)
  const length = method === 'GET' ? [] : [`Content-Length: ${body.length}`]
  const head = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...credential, ...headers, ...length]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** The whole request for a stream of this pace, rendered once. */
export function requestTo(target: Target, pace: Pace): Buffer {
  return renderRequest(target, target.credentials.sets[0] ?? [], 'chat', pace)
}
