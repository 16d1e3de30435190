import { dirname, resolve } from 'node:path'
import type { Config } from '@postern/config'
import { askAdmin } from '../admin/ask.js'
import { adminPlace } from '../admin/place.js'
import { Failure } from '../failure.js'
import type { Place } from '../listen.js'
import { print, printJson } from '../print.js'
import { readYaml } from '../read-yaml.js'

export interface HealthOptions {
  readonly config: string
  readonly socket?: string
  readonly port?: number
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
  const { status, text } = await askAdmin(placeOf(options), { method: 'GET', path: '/readyz', timeoutMs })
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

/** Reads where to ask and nothing else of the configuration: a fault in it says nothing of the process that runs. */
function placeOf({ config, socket, port }: HealthOptions): Place {
  if (socket !== undefined) return { socket: resolve(socket) }
  if (port !== undefined) return { host: '127.0.0.1', port }
  const admin = readAdmin(readYaml(config).raw)
  if (admin === undefined)
    throw new Failure(`${config} names no admin listener to ask. Write  admin: { socket: ./postern.sock }, or give --socket or --port.`)
  if ('port' in admin && admin.port === 0)
    throw new Failure('admin.port is 0, which is any free one. Give the port of the log line "listening" with --port.')
  return adminPlace(admin, dirname(resolve(config)))
}

function readAdmin(raw: unknown): NonNullable<Config['admin']> | undefined {
  const { admin } = (raw ?? {}) as { readonly admin?: Readonly<Record<string, unknown>> | null }
  const { socket, host = '127.0.0.1', port } = admin ?? {}
  if (typeof socket === 'string') return { socket }
  if (typeof port !== 'number' || (host !== '127.0.0.1' && host !== '::1' && host !== 'localhost')) return undefined
  return { host, port }
}
