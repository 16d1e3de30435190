import { entryOwnerOf, type ResponseSink } from '@postern/ports'
import { writeRecord } from '../answers/record.js'
import { tagUnsent } from '../lib/unsent-tags.js'
import type { Outcome } from '../forward/outcome.js'
import { isStream } from '../lib/is-stream.js'
import { AnswerReader } from './answer-reader.js'
import type { CallLocks } from './call-locks.js'
import { conflictWith, notKept, otherRequest } from './conflict.js'
import { FirstNotSent } from './failure-of-first.js'
import type { JoinBounds } from './join-bounds.js'
import type { JoiningCall } from './joining-call.js'
import type { KeptAnswers } from './kept-answers.js'
import { Lead } from './lead.js'
import { fingerprintOf, joinerOf, keyOf } from './same-call.js'
import type { SharedAnswer } from './shared-answer.js'

/**
 * Finds the call that a call with an `Idempotency-Key` repeats. If there is one and its answer is known here, the client gets that
 * answer. If there is none, the call is the first of its key, and its `Lead` lets later calls join it; so it is if the first call ended
 * before it was sent, because its client left or its session was revoked.
 *
 * @returns `undefined` at once for a call without a key, and for a `GET`, `HEAD` or `OPTIONS`. For a call that joined another: how it
 *   ended.
 * @throws {Refusal} 409 `idempotency_conflict` if the key was used for another request, or its answer is not known here; 503
 *   `store_unavailable`; for a call that joined another, the refusal of that one.
 */
export type Join = (call: JoiningCall, sink: ResponseSink) => Promise<Outcome | Lead> | undefined

export interface JoinOptions {
  readonly answers: KeptAnswers
  readonly locks: CallLocks
  readonly bounds: JoinBounds
}

export function createJoin({ answers, locks, bounds }: JoinOptions): Join {
  async function join(call: JoiningCall, sink: ResponseSink, idempotencyKey: string): Promise<Outcome | Lead> {
    const { arrival, principal, tags } = call
    const joiner = joinerOf(principal)
    const key = keyOf(joiner, idempotencyKey)
    const digest = fingerprintOf(call)
    const fingerprint = typeof digest === 'string' ? digest : await digest
    for (let known = answers.find(key); known !== undefined; known = answers.find(key)) {
      const joined = await joinAnswer(known, fingerprint, call, sink)
      if (joined !== undefined) return joined
    }
    const holder = `${tags.requestId} ${fingerprint}`
    const answer = canBeJoined(call) ? answers.begin(key, joiner, principal, fingerprint, tags.requestId) : undefined
    const lead = new Lead({ key, holder, answer, arrival, sink, graceMs: bounds.graceMs }, answers, locks)
    try {
      const found = await locks.take(key, holder, entryOwnerOf(principal))
      if (found !== holder) throw conflictWith(found, fingerprint)
    } catch (error) {
      lead.refused(error)
      throw error
    }
    lead.hasLock = true
    return lead
  }

  return (call, sink) => {
    const { idempotencyKey } = call.tags
    if (idempotencyKey === undefined || onlyReads.has(call.arrival.method)) return undefined
    return join(call, sink, idempotencyKey)
  }
}

const onlyReads = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Two calls are compared by their bodies. Calls are not joined if the body streams through, since Postern does not keep it, or is a
 * multipart form: clients write a new boundary into each form, so two equal forms differ in their bytes.
 */
function canBeJoined({ arrival, permit }: JoiningCall): boolean {
  const isForm = /^\s*multipart\//i.test(arrival.headers['content-type'] ?? '')
  return !isStream(permit.body) && !isForm
}

/** @returns `undefined` if the first call ended before it was sent, because its client left or its session was revoked. */
async function joinAnswer(known: SharedAnswer, fingerprint: string, call: JoiningCall, sink: ResponseSink): Promise<Outcome | undefined> {
  if (known.fingerprint !== fingerprint) throw otherRequest(known.firstId)
  if (!known.isWhole) throw notKept(known.firstId)
  const { arrival, route, permit, tags } = call
  const ownMs = arrival.watch.ownMs()
  const { read } = new AnswerReader(known, arrival, sink, route.gateway.timeouts.unreadMs)
  const found = await read
    .finally(() => arrival.watch.waitedSince(ownMs))
    .catch((error: unknown) => {
      if (error instanceof FirstNotSent && !sink.headersSent) return undefined
      throw error
    })
  if (found === undefined) return undefined
  const { finish, status } = found
  return { finish, status, joined: known.firstId, record: writeRecord({ tags: tagUnsent(tags, arrival), route, permit, finish }) }
}
