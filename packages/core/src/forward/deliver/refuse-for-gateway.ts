import { redactKeys } from '@postern/gateways'
import { Refusal, type RefusalDetails } from '@postern/ports'
import type { AnswerHead } from '../answer-head.js'
import type { Exchange } from '../exchange.js'

/** Maximum of `Retry-After` for the client, in seconds: the `openai` client hangs on more. The record has the gateway's own value. */
const maxWaitSeconds = 60

/** `Retry-After` if a gateway answers 429 and states no time, in seconds. */
const defaultWaitSeconds = 1

/** Maximum length of a gateway's message for the client, in characters. */
const maxMessageChars = 2000

/** Turns a gateway's error into a refusal with one of Postern's codes. It repeats the gateway's message only if the caller may read it. */
export function refuseForGateway(exchange: Exchange, head: AnswerHead, document: unknown): Refusal {
  const meaning = exchange.facts.upstream.errors.classify(head.status, document, head.header)
  const { code, status, message, members, about, mayRetry, ofAddress, reference } = meaning
  const details: { -readonly [Field in keyof RefusalDetails]: RefusalDetails[Field] } = {
    status,
    byGateway: true,
    gatewayHeaders: governanceHeaders(head),
    mayRetry,
    cause: describe(head.status, about, reference === undefined ? undefined : withoutKeys(exchange, reference)),
  }
  const mayBeElsewhere = code === 'request_malformed' && elsewhere.has(head.status) && !meaning.isOwnForm
  if (mayBeElsewhere) details.cause = `${String(details.cause)} ${describeElsewhere(exchange)}`
  else if (code === 'request_malformed' && head.status === 404 && mayBeWrongPath(exchange, message))
    details.cause = `${String(details.cause)}: if it says so of every call, check gateways.${exchange.facts.route.gateway.name}.baseURL. ${describeAsked(exchange)}`
  if (code === 'request_malformed' && message === undefined) {
    details.message = `The gateway refused the request with status ${head.status} and did not say why.${mayBeElsewhere ? helpOnAddress : ''}`
  }
  if (message !== undefined) details.message = withoutKeys(exchange, message)
  if (members !== undefined) details.gatewayError = membersWithoutKeys(exchange, members)
  if (about !== undefined) details.help = helpOnProviderKey
  const asked = waitMs(head.header('retry-after-ms')) ?? waitSeconds(head.header('retry-after')?.trim()) ?? meaning.retryAfterSeconds
  if (asked !== undefined) details.gatewayAskedSeconds = asked
  const wait = asked === undefined ? undefined : Math.min(maxWaitSeconds, asked)
  if (ofAddress) exchange.facts.upstream.addressQueue?.pause(wait ?? defaultWaitSeconds)
  if (code === 'gateway_rate_limited') details.retryAfterSeconds = wait ?? defaultWaitSeconds
  else if (wait !== undefined && (code === 'gateway_unavailable' || code === 'gateway_timeout')) details.retryAfterSeconds = wait
  const refusal = new Refusal(code, details)
  return meaning.showsRun ? refusal.afterRun() : refusal
}

const helpOnProviderKey =
  "For the operator: it is the provider's key that was rejected, the providerSecret of the key whose alias is in the governance record. Your own sign-in is fine."

/** Statuses of a server for an unknown path. */
const elsewhere = new Set([404, 405])

const helpOnAddress =
  ' For the operator: it does not answer as the API of the gateway does, so the baseURL of the gateway is probably wrong; the log line with this request id has the address that was asked.'

function describeElsewhere(exchange: Exchange): string {
  return `in no form of its API’s errors: gateways.${exchange.facts.route.gateway.name}.baseURL is probably wrong. ${describeAsked(exchange)}`
}

/** What a 404 may be about besides the path. */
const named = /model|deployment|engine|assistant|response|conversation|prompt|file|store|container|item|thread|\bid\b/i

/** Whether a 404 in the form of the gateway's errors may be about the path: no id stands in it, and the message names nothing. */
function mayBeWrongPath({ facts: { route } }: Exchange, message: string | undefined): boolean {
  return Object.hasOwn(route.gateway.dialect.endpoints, route.endpointPath) && !named.test(message ?? '')
}

/** The URL that the gateway was asked at, for the log. */
export function describeAsked({ facts: { route } }: Exchange): string {
  return `Asked was ${route.gateway.origin}${route.upstreamPath}`
}

function describe(status: number, about: string | undefined, reference: string | undefined): string {
  return `gateway status ${status}${about === undefined ? '' : ` about the ${about}`}${reference === undefined ? '' : `, its reference ${reference.slice(0, 200)}`}`
}

function governanceHeaders(head: AnswerHead): readonly string[] {
  return head.passed.filter((_, index) => head.governanceNames.includes(head.passed[index - (index % 2)] as string))
}

/**
 * Removes keys that a gateway quotes in its error. If the text holds a loaded key, in any encoding, all of it becomes `[redacted]`.
 * Otherwise only what has the form of a key does. This order is needed: where a form ends before the key does, the form's removal leaves
 * the rest of the key, which no search recognises.
 */
function withoutKeys({ facts: { key, tap } }: Exchange, text: string, longest = maxMessageChars): string {
  const leaked = key.leaks.findIn(text)
  if (leaked === undefined) return redactKeys(text).slice(0, longest)
  tap.repeats(leaked)
  return '[redacted]'
}

/** Maximum total length of the error's members for the client, in characters of JSON; an envelope has far fewer. */
const maxMemberChars = 4000

/** Leaves out each member that holds a key in any encoding, and the members beyond `maxMemberChars`. */
function membersWithoutKeys(exchange: Exchange, members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let length = 0
  return Object.fromEntries(
    Object.entries(members).filter(([name, value]) => {
      const text = jsonOf([name, value])
      if (text === undefined) return false
      length += text.length
      return length <= maxMemberChars && withoutKeys(exchange, text, maxMemberChars) === text
    }),
  )
}

/** `undefined` if the value is nested too deep for `JSON.stringify`. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** `Date.parse` alone reads much more as a date: `-1`, `5, 6`. Some gateways write a fraction. */
const oneTime = /^(?:\d+(?:\.\d*)?|[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT)$/

/** Reads `retry-after-ms`, a more exact `Retry-After` of some providers, as seconds. */
function waitMs(retryAfterMs: string | undefined): number | undefined {
  if (retryAfterMs === undefined || !/^\d{1,15}(?:\.\d{1,9})?$/.test(retryAfterMs)) return undefined
  return Math.max(1, Math.ceil(Number(retryAfterMs) / 1000))
}

/** Reads `Retry-After` as seconds: a number, perhaps with a fraction, or an IMF-fixdate (RFC 9110, 10.2.3 and 5.6.7). */
function waitSeconds(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined || !oneTime.test(retryAfter)) return undefined
  const seconds = Math.ceil(/^\d+(?:\.\d*)?$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000)
  return Number.isFinite(seconds) ? Math.max(1, seconds) : undefined
}
