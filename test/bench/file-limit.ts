import { readFileSync } from 'node:fs'

/** What a process has open beside its streams: files, listeners, pipes, and connections of its own. */
const others = 150

/** How many files a process may have open, at most. Node raises its own limit to that by itself. */
export function fileLimit(): number {
  const text = readFileSync('/proc/self/limits', 'latin1')
  const [, most = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(text) ?? []
  return most === 'unlimited' ? Number.POSITIVE_INFINITY : Number(most)
}

/** How many streams a proxy can hold here, if each takes a connection on either side: as many as are asked for or, where the limit is lower, fewer. */
export function streamsWithin(asked: number, limit: number = fileLimit()): number {
  return Math.min(asked, Math.floor((limit - others) / 2))
}
