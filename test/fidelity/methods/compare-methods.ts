import type { DoorName, House } from '../../support/house.js'
import { differingHeaders, knownIn, ofEveryAnswer, ofEveryRequest, ofGatewayAnswers, ofGatewayRequests } from '../known-headers.js'
import { openGatewayHouse } from '../open-gateway-house.js'
import { withoutFrame } from '../without-frame.js'
import { type AskedOf, isClosed, openedFor } from './closed-methods.js'
import { openClient, packages } from './find-methods.js'
import { type PermissiveUpstream, type SeenRequest, startPermissiveUpstream } from './permissive-upstream.js'
import { type Heard, listeningFetch } from './listening-fetch.js'
import { resultOf } from './result-of.js'

/** What became of one method behind one door. */
export interface MethodResult {
  readonly package: string
  readonly name: string
  readonly door: DoorName
  readonly kind: string
  readonly outcome: 'same' | 'refused' | 'different'
  readonly differences: readonly string[]
}

const isKnownInRequests = knownIn(ofEveryRequest, ofGatewayRequests)
const isKnownInAnswers = knownIn(ofEveryAnswer, ofGatewayAnswers)

/** Makes every call directly and through a door, one after the other. */
export async function compareMethods(
  asked: readonly AskedOf[],
  door: DoorName,
  id: string,
  step: (label: string) => void,
): Promise<MethodResult[]> {
  const upstream = await startPermissiveUpstream()
  const house = await openGatewayHouse({ door, baseURL: `${upstream.origin}/v1`, endpoints: openedFor(asked) })
  const results: MethodResult[] = []
  try {
    const sides = new Map(packages.map((name) => [name, openSides(name, house, upstream)]))
    for (const each of asked) {
      const { method, path } = each
      step(`${method.package} ${method.name}`)
      const { direct, through } = sides.get(method.package) as Sides
      upstream.answers(method.kind)
      const without = await makeCall(direct, upstream, each, id)
      const behind = await makeCall(through, upstream, each, id)
      const closed = isClosed(path)
      const differences = closed ? refusedOtherwise(behind) : differencesOf(method.name, without, behind, house)
      const outcome = differences.length > 0 ? 'different' : closed ? 'refused' : 'same'
      results.push({ package: method.package, name: method.name, door, kind: method.upload ? 'upload' : method.kind, outcome, differences })
    }
  } finally {
    await house.close()
    await upstream.close()
  }
  return results
}

interface Side {
  readonly client: object
  /** What came back since this was asked last. */
  take(): Promise<Heard[]>
}

interface Sides {
  readonly direct: Side
  readonly through: Side
}

function openSides(name: (typeof packages)[number], house: House, upstream: PermissiveUpstream): Sides {
  const open = (origin: string): Side => {
    const { fetch, take } = listeningFetch()
    return { client: openClient(name, origin, house.callers.acme, fetch), take }
  }
  return { direct: open(upstream.origin), through: open(house.baseURL.replace(/\/v1$/, '')) }
}

interface Made {
  readonly result: string
  readonly failed: boolean
  readonly heard: readonly Heard[]
  readonly seen: readonly SeenRequest[]
}

async function makeCall({ client, take }: Side, upstream: PermissiveUpstream, { method }: AskedOf, id: string): Promise<Made> {
  upstream.take()
  const { text, failed } = await resultOf(() => method.call(client, id), method.kind)
  return { result: text, failed, heard: await take(), seen: upstream.take() }
}

function refusedOtherwise({ seen, heard }: Made): string[] {
  const [answer] = heard
  return [
    ...(seen.length > 0 ? ['it reached the upstream although it is closed'] : []),
    ...(answer?.status === 403 && answer.body.includes('"endpoint_not_allowed"')
      ? []
      : [`it was answered ${answer?.status ?? 'not at all'}`]),
  ]
}

/** Results of a batch are where an answer says, and the upstream’s says nothing: so far both fail alike. */
function differencesOf(name: string, direct: Made, through: Made, house: House): string[] {
  if (direct.failed && !name.endsWith('batches.results')) return [`it fails directly: ${direct.result}`]
  const differences: string[] = []
  const note = (what: string, one: string, other: string): void => {
    if (one !== other) differences.push(`${what}: ${shorten(one)} directly, ${shorten(other)} through Postern`)
  }
  note('result', direct.result, through.result)
  note('requests', String(direct.seen.length), String(through.seen.length))
  for (const [index, one] of direct.seen.entries()) {
    const other = through.seen[index]
    if (other === undefined) break
    note('method', one.method, other.method)
    note('path and query', one.target, other.target)
    const [left, right] = [plainForm(one), plainForm(other)]
    note('body', left.body, right.body)
    for (const name of differingHeaders(left.rawHeaders, right.rawHeaders, isKnownInRequests)) differences.push(`request header ${name}`)
    if (other.rawHeaders.some((value) => value.includes(house.callers.acme)))
      differences.push('the caller’s credential went to the upstream')
    if (!other.rawHeaders.includes(`Bearer ${house.keys.acme.secret}`)) differences.push('the gateway key did not go to the upstream')
  }
  for (const [index, one] of direct.heard.entries()) {
    const other = through.heard[index]
    if (other === undefined) break
    note('status', String(one.status), String(other.status))
    note('bytes', one.body, withoutFrame(other.body))
    for (const name of differingHeaders(one.headers, other.headers, isKnownInAnswers)) differences.push(`answer header ${name}`)
  }
  return differences
}

/** A form with a boundary that is always the same: clients draw one for each. */
function plainForm({ rawHeaders, body }: SeenRequest): { readonly rawHeaders: readonly string[]; readonly body: string } {
  const text = body.toString('latin1')
  const boundary = rawHeaders.map((value) => /^multipart\/form-data; boundary=(\S+)$/.exec(value)?.[1]).find((found) => found !== undefined)
  if (boundary === undefined) return { rawHeaders, body: text }
  return { rawHeaders: rawHeaders.map((value) => value.replace(boundary, 'B')), body: text.replaceAll(boundary, 'B') }
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text)
}
