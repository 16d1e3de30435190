import { redactKeys } from '@postern/gateways'
import { Refusal, type RefusalDetails } from '../refusal.js'
import type { AnswerHead } from './answer-head.js'
import type { Exchange } from './exchange.js'

/** The longest that `Retry-After` tells the client to wait, in seconds; the `openai` client hangs on more. The record has what the gateway asked for. */
const longestWaitSeconds = 60

/** What to wait where a gateway asks to slow down and does not say how long, in seconds. */
const usualWaitSeconds = 1

const longestMessage = 2000

/** Turns a gateway's error into ours: a code of the closed set, and its own words only where they are the caller's to read. */
export function refuseForGateway(exchange: Exchange, head: AnswerHead, document: unknown): Refusal {
  const meaning = exchange.facts.upstream.errors.classify(head.status, document, head.header)
  const { code, status, message, gatewayCode, about, mayRetry, ofAddress, reference } = meaning
  const details: { -readonly [Field in keyof RefusalDetails]: RefusalDetails[Field] } = {
    status,
    byGateway: true,
    gatewayHeaders: governanceHeaders(head),
    mayRetry,
    cause: describe(head.status, about, reference === undefined ? undefined : withoutKeys(exchange, reference)),
  }
  const mayBeElsewhere = code === 'request_malformed' && elsewhere.has(head.status) && !meaning.isOwnForm
  if (mayBeElsewhere) details.cause = `${String(details.cause)} ${describeElsewhere(exchange)}`
  if (code === 'request_malformed' && message === undefined) {
    details.message = `The gateway refused the request with status ${head.status} and did not say why.${mayBeElsewhere ? helpOnAddress : ''}`
  }
  if (message !== undefined) details.message = withoutKeys(exchange, message)
  if (gatewayCode !== undefined) details.gatewayCode = withoutKeys(exchange, gatewayCode)
  if (about !== undefined) details.help = helpOnProviderKey
  const asked = waitSeconds(head.header('retry-after')) ?? meaning.retryAfterSeconds
  if (asked !== undefined) details.gatewayAskedSeconds = asked
  const wait = asked === undefined ? undefined : Math.min(longestWaitSeconds, asked)
  if (ofAddress) exchange.facts.upstream.turnstile?.pause(wait ?? usualWaitSeconds)
  if (code === 'gateway_rate_limited') details.retryAfterSeconds = wait ?? usualWaitSeconds
  else if (wait !== undefined && (code === 'gateway_unavailable' || code === 'gateway_timeout')) details.retryAfterSeconds = wait
  const refusal = new Refusal(code, details)
  return meaning.showsRun ? refusal.afterRun() : refusal
}

const helpOnProviderKey =
  "For the operator: it is the provider's key that was rejected, the providerSecret of the key whose alias is in the governance record. Your own sign-in is fine."

/** What a server says of a path that it does not have. */
const elsewhere = new Set([404, 405])

const helpOnAddress =
  ' For the operator: it does not answer as the API of the gateway does, so the baseURL of the gateway is probably wrong; the log line with this request id has the address that was asked.'

function describeElsewhere({ facts: { route } }: Exchange): string {
  const { name, origin } = route.gateway
  return `in no form of its API’s errors: gateways.${name}.baseURL is probably wrong. Asked was ${origin}${route.upstreamPath}`
}

function describe(status: number, about: string | undefined, reference: string | undefined): string {
  return `gateway status ${status}${about === undefined ? '' : ` about the ${about}`}${reference === undefined ? '' : `, its reference ${reference.slice(0, 200)}`}`
}

function governanceHeaders(head: AnswerHead): readonly string[] {
  return head.passed.filter((_, index) => head.governanceNames.includes(head.passed[index - (index % 2)] as string))
}

/** Gateways quote keys in their errors: whatever has a key's form is blotted out, and a text that holds a loaded one in any form is withheld. */
function withoutKeys({ facts: { key, tap } }: Exchange, text: string): string {
  const clean = redactKeys(text)
  const leaked = key.leaks.findIn(text)
  if (leaked === undefined) return clean.slice(0, longestMessage)
  tap.repeats(leaked)
  return key.leaks.findIn(clean) === undefined ? clean.slice(0, longestMessage) : '[redacted]'
}

/** Reads `Retry-After` in either form (RFC 9110, 10.2.3), however long it asks to wait. */
function waitSeconds(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000)
  return Number.isFinite(seconds) ? Math.max(1, seconds) : undefined
}
