import type { Config } from '@postern/config'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'

/** A listener that may get its socket from whoever starts the process. */
export type ListenerName = 'data' | 'admin' | 'health'

/** The file descriptors of sockets that listen already. */
export type PassedSockets = Readonly<Partial<Record<ListenerName, number>>>

/** The variables of socket activation, as systemd sets them. */
const names = { count: 'LISTEN_FDS', pid: 'LISTEN_PID', names: 'LISTEN_FDNAMES' } as const

/** The first descriptor that is passed; the others follow. */
const firstDescriptor = 3

const listenerNames: readonly string[] = ['data', 'admin', 'health'] satisfies readonly ListenerName[]

/** Sockets that were passed to this process, or to another one under the same variables. */
export interface Passed {
  readonly sockets: PassedSockets
  /** The process that the sockets are for, if it is not this one. */
  readonly otherPid?: string
}

/**
 * Reads which sockets were passed to this process (`LISTEN_FDS`), and removes the variables, so that no program that this
 * process starts takes them for its own. One socket alone is the data listener's, unless its name is another one's.
 *
 * @throws {Failure} if it cannot be told which listener a socket is for.
 */
export function takePassedSockets(environment: NodeJS.ProcessEnv, pid: number): Passed {
  const { [names.count]: count, [names.pid]: meant, [names.names]: named } = environment
  for (const name of Object.values(names)) delete environment[name]
  if (count === undefined || count === '0') return { sockets: {} }
  if (meant !== String(pid)) return { sockets: {}, otherPid: meant ?? 'none' }
  const total = Number(count)
  if (!/^\d{1,3}$/.test(count)) throw new Failure(`${names.count} is "${count}", which is no number of sockets.`)
  const given = named === undefined || named === '' ? [] : named.split(':')
  const [alone = ''] = given
  if (total === 1) return { sockets: { [listenerNames.includes(alone) ? alone : 'data']: firstDescriptor } }
  const sockets: Partial<Record<string, number>> = {}
  for (let index = 0; index < total; index += 1) {
    const name = given[index] ?? ''
    if (!listenerNames.includes(name))
      throw new Failure(`${countOf(total, 'socket')} were passed, and one of them is named "${name}". ${fix}`)
    if (sockets[name] !== undefined) throw new Failure(`Two of the sockets that were passed are named "${name}". ${fix}`)
    sockets[name] = firstDescriptor + index
  }
  return { sockets }
}

const fix = `Where several are passed, each has a name of its own in ${names.names}: data, admin or health (FileDescriptorName= in a unit of systemd).`

/** @throws {Failure} if a socket was passed for a listener that the configuration does not have: nobody would answer there. */
export function requireListeners(sockets: PassedSockets, config: Pick<Config, 'admin' | 'health'>): void {
  for (const name of ['admin', 'health'] as const) {
    if (sockets[name] !== undefined && config[name] === undefined)
      throw new Failure(`A socket was passed for ${name}, and the configuration has no ${name}. Write one, or do not pass the socket.`)
  }
}
