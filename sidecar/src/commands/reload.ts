import { describeProblem, type Problem } from '@postern/config'
import type { Change } from '@postern/instance'
import { Failure } from '../failure.js'
import type { Place } from '../listen.js'
import { print, printJson } from '../print.js'
import { type AdminAnswer, askAdmin, describeRefused } from '../admin/ask.js'
import { findCredential } from '../admin/find-credential.js'
import { findPlace, type PlaceOptions } from '../admin/find-place.js'

/** How long the running process may take to answer, in milliseconds. */
const timeoutMs = 30_000

/** What the admin listener answers to `POST /admin/v1/reload`. */
interface ReloadAnswer {
  readonly taken: boolean
  readonly changes?: readonly Change[]
  readonly warnings?: readonly Problem[]
  readonly problems?: readonly Problem[]
}

/**
 * Has the running sidecar read its configuration again, and prints what changed, or why it was not taken. The sidecar alone judges
 * the configuration, so that its log and audit have what it found.
 */
export async function reload(options: PlaceOptions & { readonly json?: boolean }): Promise<number> {
  const question = { method: 'POST', path: '/admin/v1/reload', credential: findCredential(options.config), timeoutMs } as const
  const answer = await askAdmin(placeToAsk(options), question)
  const result = read(answer)
  if (options.json === true) printJson(result)
  else if (result.taken) {
    print(describeTaken(result.changes ?? []))
    for (const warning of result.warnings ?? []) process.stderr.write(`${describeProblem(warning)}\n`)
  }
  if (result.taken) return 0
  const problems = result.problems ?? []
  if (options.json !== true)
    throw new Failure(`The configuration was not taken; the one from before stays in use:\n${problems.map(describeProblem).join('\n')}`)
  return 1
}

function placeToAsk(options: PlaceOptions): Place {
  try {
    return findPlace(options)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(`${error.message}\nNo sidecar was asked. SIGHUP has it read its configuration again too: kill -HUP <pid>.`)
  }
}

/** @throws {Failure} if it is not the answer of an admin listener to a reload. */
function read(answer: AdminAnswer): ReloadAnswer {
  const body = parse(answer.text)
  if (typeof body === 'object' && body !== null) {
    if ('taken' in body) return body as ReloadAnswer
    if ('error' in body) throw new Failure(`The sidecar refused. ${describeRefused(answer, 'config')}`)
  }
  throw new Failure(`No sidecar that can be reloaded answered there: the status was ${answer.status}.`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function describeTaken(changes: readonly Change[]): string {
  if (changes.length === 0) return 'Taken. Nothing is different.'
  const width = Math.max(...changes.map(({ path }) => path.length))
  const lines = changes.map(({ path, what, laxer }) => `  ${path.padEnd(width)}  ${what}${laxer ? ', may let more through' : ''}`)
  return `Taken. New calls are served with:\n${lines.join('\n')}`
}
