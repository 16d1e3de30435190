import type { Fault } from '../fault.js'
import { bytesOf } from '../inputs/bytes.js'
import { visit } from '../stand/exchange.js'
import type { OpenSubject, Stand } from '../stand/stand.js'
import { headerOf } from '../stand/upstream.js'

const body = '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'

/** How long a line of the log may take, in milliseconds. */
const logMs = 1000

/** A well-formed call, after everything that was thrown: it is answered, and the gateway sees it once, with our key. */
export async function runCanary({ gateway, secrets }: Stand, { process, port }: OpenSubject): Promise<Fault[]> {
  gateway.takeSeen()
  const text = [
    'POST /ai/v1/chat/completions HTTP/1.1',
    'Host: sidecar.test',
    `Authorization: Bearer ${secrets.callers.openai}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'X-Workflow-ID: canary',
    '',
    body,
  ].join('\r\n')
  const { answers } = await visit({ port }, { pieces: [bytesOf(text)], pauseMs: 0, methods: ['POST'], expected: 1, leave: 'answered' })
  const [answer] = answers
  // Its line in the log is the last: once that is there, what the inputs had written is there too.
  const id = answer?.headers.find(([name]) => name === 'x-request-id')?.[1]
  if (id !== undefined) await process.prints(id, logMs)
  if (answer?.status !== 200 || !answer.whole) {
    return [
      {
        kind: 'canary',
        what: `a well-formed call gets ${answer?.status ?? 'no answer'}`,
        detail: answer?.body.toString().slice(0, 300) ?? '',
      },
    ]
  }
  const seen = gateway.takeSeen().filter((request) => headerOf(request, 'x-request-id')?.startsWith('canary.'))
  const withKey = seen.filter((request) => headerOf(request, 'authorization') === `Bearer ${secrets.keys.openai}`)
  return seen.length === 1 && withKey.length === 1
    ? []
    : [{ kind: 'canary', what: `a well-formed call reaches the gateway ${seen.length} times, ${withKey.length} with our key` }]
}
