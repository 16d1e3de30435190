import { dialects, type Secrets } from './secrets.js'
import type { SeenRequest } from './request-reader.js'
import { headerOf, type Script, Upstream } from './upstream.js'

/** By this the servers behind Postern know which input a request belongs to. */
export function markOf(input: number): string {
  return `fz-${input}-`
}

function inputIn(text: string | undefined): number | undefined {
  const number = /\bfz-(\d+)-/.exec(text ?? '')?.[1]
  return number === undefined ? undefined : Number(number)
}

/** A whole answer with a body. */
export function plainScript(body: string | Buffer, type: string, status = '200 OK'): Script {
  const bytes = Buffer.from(body)
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`
  return { pieces: [Buffer.concat([Buffer.from(head), bytes])], pauseMs: 0, ending: 'keep' }
}

export const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'some-model',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
}

const usualAnswer = plainScript(JSON.stringify(completion), 'application/json')

/** Everything that reaches a gateway has our key, once, and an id that Postern made. */
export function openGateway({ keys, callers }: Secrets): Promise<Upstream> {
  const credentials = new Set(dialects.map((name) => `Bearer ${keys[name]}`))
  const foreign = Object.values(callers)
  return Upstream.open({
    usual: () => usualAnswer,
    inputOf: (request) => inputIn(headerOf(request, 'x-request-id')),
    fault(request) {
      const authorizations = request.headers.filter(([name]) => /^authorization$/i.test(name)).map(([, value]) => value)
      // A gateway that fails calls is asked whether it is there, without a key.
      const asksForLife = request.method === 'HEAD' && /^\/[a-z]+\/v1$/.test(request.target)
      if (authorizations.length === 0 && asksForLife) return undefined
      // This list asks for no key, so that none is sent.
      if (authorizations.length === 0 && request.target === '/freeai/v1/models') return undefined
      if (authorizations.length !== 1 || !credentials.has(authorizations[0] ?? '')) return 'a request without our key'
      if (!/^[\w-]+\.[\w-]+\.[0-9A-Z]{26}\.\d+$/.test(headerOf(request, 'x-request-id') ?? '')) return 'a request without an id of ours'
      const carries = request.headers.find(([, value]) => foreign.some((credential) => value.includes(credential)))
      return carries === undefined ? undefined : `the caller's own credential in ${carries[0].toLowerCase()}`
    },
  })
}

/** A request that is sent although whoever asked has left. */
export const ofNobody = 'a request for a client that is gone, of no address'

/** Everything that reaches a backend says whom Postern sent it for. */
export function openBackend(): Promise<Upstream> {
  const usual = plainScript('<!doctype html><h1>Hello</h1>', 'text/html')
  const withoutBody = plainScript('', 'text/html')
  return Upstream.open({
    usual: ({ method }) => (method === 'HEAD' ? withoutBody : usual),
    inputOf: ({ target }) => inputIn(target),
    fault(request) {
      const told = request.headers.filter(([name]) => /^x[^a-z\d]?forwarded[^a-z\d]?for$/i.test(name)).map(([, value]) => value)
      if (told.length === 1 && told[0] === '') return ofNobody
      // A backend that is silent is asked whether it is there, for nobody.
      const asksForLife =
        request.method === 'HEAD' && request.target === '/' && request.headers.every(([name]) => /^(?:host|connection)$/i.test(name))
      if (asksForLife) return undefined
      if (told.length !== 1 || !/^127(?:\.\d+){3}$/.test(told[0] ?? '')) return 'a request that Postern did not send as its own'
      return headerOf(request, 'x-forwarded-proto') === 'http' ? undefined : 'a request without X-Forwarded-Proto'
    },
  })
}

/** Asked by Postern itself. */
export function openIdentity(): Promise<Upstream> {
  const nobody = plainScript('{}', 'application/json', '401 Unauthorized')
  const noKeys = plainScript('{"keys":[]}', 'application/json')
  return Upstream.open({
    usual: ({ target }) => (target.startsWith('/jwks/') ? noKeys : nobody),
    inputOf: (request: SeenRequest) => inputIn(headerOf(request, 'cookie')) ?? numberIn(/^\/jwks\/(\d+)$/, request.target),
    fault: () => undefined,
  })
}

function numberIn(pattern: RegExp, text: string): number | undefined {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? undefined : -1 - Number(found)
}
