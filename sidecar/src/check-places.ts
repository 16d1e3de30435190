import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isIP } from 'node:net'
import { type Config, type Problem, problem, warning } from '@postern/config'
import { addressesOf } from './check-own-address.js'
import { countOf } from './count-of.js'

/** Finds listeners that want the same port of the same address: the second one could not start. */
export function checkListeners({ listen, admin, health }: Config): readonly Problem[] {
  const places = [
    ['listen', listen],
    ...(admin !== undefined && 'port' in admin ? [['admin', admin] as const] : []),
    ...(health === undefined ? [] : [['health', health] as const]),
  ] as const
  return places.flatMap(([name, place], index): readonly Problem[] => {
    const other = places.slice(0, index).find(([, earlier]) => meet(earlier, place))
    if (other === undefined) return []
    const reason = `is ${place.port}, the port of "${other[0]}" at the same address, and one port takes one listener.`
    return [problem(`${name}.port`, reason, 'Write another port.')]
  })
}

/**
 * Warns if other machines reach a listener under any name (DNS rebinding): if the name of a foreign site leads to this machine, Postern takes
 * the pages of that site for pages of its own origin.
 */
export function checkOpenHost({ listen }: Config): readonly Problem[] {
  if (listen.hosts.length > 0 || addressesOf(listen.host).every(isLoopback)) return []
  const reason = `is empty, and ${listen.host} is reached from other machines, so clients may call Postern by any name.`
  return [warning('listen.hosts', reason, 'Write the names and addresses by which they call it: [app.example.com].')]
}

function isLoopback(address: string): boolean {
  return address === '::1' || address === '127.0.0.1' || (isIP(address) === 4 && address.startsWith('127.'))
}

interface Address {
  readonly host: string
  readonly port: number
}

function meet(one: Address, other: Address): boolean {
  if (one.port === 0 || one.port !== other.port) return false
  const taken = addressesOf(one.host)
  return addressesOf(other.host).some((address) => taken.includes(address))
}

/**
 * Finds what would keep the audit's file from being opened at a start. A reload does not ask: secrets may change although the
 * audit is lost.
 *
 * @param directory The folder that a relative path begins at.
 */
export function checkAuditFile({ audit }: Config, directory: string): readonly Problem[] {
  if (audit === undefined) return []
  const path = resolve(directory, audit.file)
  if (!existsSync(dirname(path))) {
    const reason = `is ${path}, which cannot be written: its folder does not exist.`
    return [problem('audit.file', reason, 'Make the folder, or write another path.')]
  }
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return []
  if (!found.isFile()) return [problem('audit.file', `is ${path}, which is no regular file.`, 'Write another path.')]
  if (found.nlink === 1) return []
  return [problem('audit.file', `is ${path}, which has ${countOf(found.nlink, 'name')} (hard links).`, 'Leave it one, or copy it.')]
}
