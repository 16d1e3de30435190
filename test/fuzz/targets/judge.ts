import type { Fault } from '../fault.js'
import type { Answer } from '../stand/answer-reader.js'
import type { Received, Visit } from '../stand/exchange.js'
import { type FindKey, type FoundKey, unpack } from '../stand/key-forms.js'

export interface Judging {
  readonly visit: Visit
  /** Whether every request of the visit is as it should be. */
  readonly isSound: boolean
  /** Whether what answers them is, so that there must be an answer. */
  readonly mustAnswer: boolean
  readonly findKey: FindKey
}

/** What is wrong with what a visit brought, whatever it was. */
export function judge({ answers, bytes, fault, ended, error }: Received, { visit, isSound, mustAnswer, findKey }: Judging): Fault[] {
  const faults: Fault[] = []
  const found = findKeyIn(answers, bytes, findKey)
  if (found !== undefined) faults.push({ kind: 'key out', what: `a secret in an answer, ${found.form}`, detail: found.name })
  if (ended === 'late') faults.push({ kind: 'left open', what: 'a connection stays open after its client has closed its half' })
  // How long an answer to HEAD or CONNECT is depends on who read which request, and that is not known of unsound ones.
  const isReadable = isSound || !visit.methods.some((method) => !bodied.test(method))
  if (fault !== undefined && isReadable && !(ended === 'by the client' && fault.startsWith('ends'))) {
    faults.push({ kind: 'answer', what: fault.replace(/: ".*$/s, ''), detail: fault })
  }
  if (visit.leave !== 'answered') return faults
  const final = answers.filter(({ status }) => status >= 200)
  if (isSound && mustAnswer && final.length < visit.methods.length) {
    faults.push({
      kind: 'answer',
      what: 'no answer to a request',
      detail: `${final.length} of ${visit.methods.length}, then ${ended}${error === undefined ? '' : `, ${error}`}`,
    })
  }
  const most = isSound
    ? visit.methods.length
    : 1 +
      Buffer.concat([...visit.pieces])
        .toString('latin1')
        .split(/http\//i).length
  if (final.length > most) faults.push({ kind: 'answer', what: 'more answers than requests', detail: `${final.length} to ${most}` })
  if (answers.some(({ body }) => ownHead.test(body.toString('latin1'))))
    faults.push({ kind: 'answer', what: 'a second head within the body of an answer' })
  return faults
}

const bodied = /^(?:GET|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|PROPFIND)$/

/** What Postern writes in heads, and no input writes in a body. */
const ownHead = /HTTP\/1\.1 \d{3} [^\r\n]*\r\n(?:(?!X-Split)[^\r\n]+\r\n)*(?:X-Request-ID|Postern-Refusal): /i

function findKeyIn(answers: readonly Answer[], bytes: Buffer, findKey: FindKey): FoundKey | undefined {
  const raw = findKey(bytes)
  if (raw !== undefined) return raw
  for (const { headers, body } of answers) {
    // Chunks cut what lies across them, so each body is looked at by itself as well.
    const whole = findKey(body)
    if (whole !== undefined) return whole
    const encodings = headers.filter(([name]) => name === 'content-encoding').map(([, value]) => value)
    const found = encodings.length === 0 ? undefined : findKey(unpack(body, encodings))
    if (found !== undefined) return { ...found, form: `${found.form}, in a compressed body` }
  }
  return undefined
}

/** Whether an answer says in Postern's name what a gateway said. */
export function findForgery(answers: readonly Answer[]): Fault | undefined {
  for (const { headers, body } of answers) {
    if (headers.some(([name, value]) => name.startsWith('postern-') && value.includes('"forged"')))
      return { kind: 'promise', what: 'a header in our name from a gateway' }
    const encodings = headers.filter(([name]) => name === 'content-encoding').map(([, value]) => value)
    const text = unpack(body, encodings).toString('latin1')
    if (/(?:^|[\r\n]): postern \{"request_id":"forged"/.test(text)) return { kind: 'promise', what: 'a frame in our name from a gateway' }
  }
  return undefined
}
