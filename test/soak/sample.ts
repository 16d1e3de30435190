import { readdirSync, readlinkSync } from 'node:fs'
import { residentKilobytes } from '../bench/proc.js'
import { countLedger } from './operations.js'
import type { Stand } from './stand.js'
import type { Vitals } from './vitals.js'

/** How Postern was at one moment. */
export interface Sample extends Vitals {
  /** Since the load began. */
  readonly minutes: number
  readonly residentBytes: number
  /** Open descriptors of the process: sockets, and everything else. */
  readonly sockets: number
  readonly files: number
  readonly ledgerRows: number
  /** Calls of the load that are under way. */
  readonly open: number
}

export async function takeSample({ subject, folder }: Stand, minutes: number, open: number): Promise<Sample> {
  const vitals = await subject.vitals()
  const descriptors = descriptorsOf(subject.pid)
  const sockets = descriptors.filter((target) => target.startsWith('socket:')).length
  return {
    minutes,
    ...vitals,
    residentBytes: residentKilobytes(subject.pid) * 1024,
    sockets,
    files: descriptors.length - sockets,
    ledgerRows: countLedger(folder),
    open,
  }
}

function descriptorsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/${name}`)]
    } catch {
      // It was closed meanwhile.
      return []
    }
  })
}
