import { dirname, resolve } from 'node:path'
import type { Config } from '@postern/config'
import { Failure } from '../failure.js'
import { describeProblems } from '../load-config.js'
import type { Place } from '../listen.js'
import { readYaml } from '../read-yaml.js'
import { adminPlace } from './place.js'

/** Where a command is told to look for the running sidecar. */
export interface PlaceOptions {
  readonly config: string
  readonly socket?: string
  readonly port?: number
}

/**
 * Finds the admin listener of the running sidecar. Reads where it is and nothing else of the configuration: a fault in the
 * rest says nothing of the process that runs, and is that process's to judge.
 *
 * @throws {Failure} if neither the options nor the configuration say where.
 */
export function findPlace({ config, socket, port }: PlaceOptions): Place {
  if (socket !== undefined) return { socket: resolve(socket) }
  if (port !== undefined) return { host: '127.0.0.1', port }
  const { raw, problems } = readYaml(config)
  if (problems.length > 0)
    throw new Failure(`${describeProblems(config, problems)}\nSo it does not say whom to ask. Correct it, or give --socket or --port.`)
  const admin = readAdmin(raw)
  if (admin === undefined)
    throw new Failure(
      `${config} names no admin listener to ask. Write  admin: { socket: ./postern.sock }  and restart the process, or give --socket or --port.`,
    )
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
