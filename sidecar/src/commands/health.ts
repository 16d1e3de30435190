import { askAdmin } from '../admin/ask.js'
import { findPlace, type PlaceOptions } from '../admin/find-place.js'
import { Failure } from '../failure.js'
import { print, printJson } from '../print.js'

export interface HealthOptions extends PlaceOptions {
  readonly json?: boolean
}

/** How long the running process may take to answer, in milliseconds. */
const timeoutMs = 5000

/** What `/readyz` of the admin listener answers. */
interface Readyz {
  readonly status: string
  readonly because?: string
  readonly impaired?: readonly string[]
}

/** Asks the running sidecar whether it is ready, and prints one line. */
export async function health(options: HealthOptions): Promise<number> {
  const { status, text } = await askAdmin(findPlace(options), { method: 'GET', path: '/readyz', timeoutMs })
  const answer = read(text)
  if (answer === undefined || (status !== 200 && status !== 503))
    throw new Failure(`No admin listener of Postern answered there: the status was ${status}.`)
  const line = describe(answer)
  if (options.json === true) printJson(answer)
  else if (status === 200) print(line)
  else throw new Failure(`not ready: ${line}`)
  return status === 200 ? 0 : 1
}

function describe({ status, because, impaired = [] }: Readyz): string {
  const why = because === undefined ? status : `${status} every call, because of ${because}`
  return impaired.length === 0 ? why : `${why}; impaired: ${impaired.join(', ')}`
}

function read(text: string): Readyz | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && 'status' in body ? (body as Readyz) : undefined
  } catch {
    return undefined
  }
}
