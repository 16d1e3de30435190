import { readStream } from './read-stream.js'
import { forgetSession, SessionRefused, openSession } from './session.js'

const frameStart = 'postern '

/**
 * @typedef {object} Question
 * @property {string} person
 * @property {number} turn
 * @property {{ role: 'user' | 'assistant', content: string }[]} messages
 * @property {AbortSignal} signal
 */

/**
 * @typedef {object} Answer
 * @property {'answer'} kind
 * @property {string} text
 * @property {Record<string, unknown>} record
 * @property {string} [failure] What the gateway said when it failed inside its stream.
 */

/**
 * @typedef {object} Refusal
 * @property {'refusal'} kind
 * @property {'postern' | 'gateway' | 'page'} by
 * @property {number} [status]
 * @property {string} code
 * @property {string} message
 * @property {Record<string, unknown>} record
 */

/**
 * Asks the model through Postern. Never rejects: what goes wrong is part of the outcome.
 *
 * @param {Question} question
 * @param {{ onBegin(record: Record<string, unknown>): void, onText(piece: string): void }} listener
 * @returns {Promise<Answer | Refusal>}
 */
export async function ask(question, listener) {
  try {
    const response = await post(question)
    if (!response.ok) return await readRefusal(response)
    const record = readHead(response)
    listener.onBegin(record)
    return await readAnswer(response.body, record, question.signal, listener)
  } catch (problem) {
    if (question.signal.aborted) return { kind: 'answer', text: '', record: { finish: 'client_closed' } }
    if (problem instanceof SessionRefused) return readRefusal(problem.response)
    return {
      kind: 'refusal',
      by: 'page',
      code: 'not_reached',
      message: 'Postern cannot be reached. Check that it is running, then send again.',
      record: {},
    }
  }
}

/** Posts once more where the token was not accepted: it may have been revoked, or Postern restarted. */
async function post(question) {
  const response = await postWith(await openSession(question.person, question.signal), question)
  if (response.status !== 401) return response
  forgetSession(question.person)
  return postWith(await openSession(question.person, question.signal), question)
}

function postWith({ token, model }, { turn, messages, signal }) {
  return fetch('ai/v1/chat/completions', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${token}`,
      'X-Workflow-ID': 'demo',
      'X-Step-ID': `turn-${turn}`,
    },
    body: JSON.stringify({ model, stream: true, messages }),
    signal,
  })
}

async function readAnswer(body, begun, signal, { onText }) {
  let record = begun
  let text = ''
  let failure
  let whole = true
  try {
    for await (const { data, comment } of readStream(body)) {
      if (comment?.startsWith(frameStart)) record = Object.assign({}, record, parse(comment.slice(frameStart.length)))
      if (data === undefined) continue
      const chunk = parse(data)
      if (chunk?.error) failure = String(chunk.error.message ?? 'The gateway failed.')
      const piece = chunk?.choices?.[0]?.delta?.content
      if (typeof piece !== 'string' || piece === '') continue
      text += piece
      onText(piece)
    }
  } catch {
    whole = false
  }
  return { kind: 'answer', text, failure, record: { ...record, finish: finishOf(record.finish, whole, signal.aborted) } }
}

/** An answer is complete only where Postern says so and the connection ended as it should. */
function finishOf(said, whole, cancelled) {
  if (!whole && cancelled) return 'client_closed'
  if (said === undefined || (!whole && said === 'complete')) return 'truncated'
  return said
}

async function readRefusal(response) {
  const record = readHead(response)
  const error = parse(await response.text().catch(() => ''))?.error
  const refused = response.headers.get('Postern-Refusal')
  return {
    kind: 'refusal',
    by: refused !== null ? 'postern' : record.finish === 'upstream_error' ? 'gateway' : 'page',
    status: response.status,
    code: error?.code ?? refused ?? `status_${response.status}`,
    message: error?.message ?? 'The request failed without saying why.',
    record,
  }
}

function readHead({ headers }) {
  const requestId = headers.get('X-Request-ID')
  return { ...(requestId === null ? {} : { request_id: requestId }), ...parse(headers.get('Postern-Governance')) }
}

function parse(json) {
  try {
    return JSON.parse(json) ?? undefined
  } catch {
    return undefined
  }
}
