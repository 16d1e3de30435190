import type { Feed, Revocation, RevokedKind } from '@postern/ports'
import type { SendCommand } from './connection.js'
import { lifeUntil } from './life-until.js'
import { isBefore, readDone, readEntries, type StreamEntry } from './replies.js'
import { revokeScript } from './scripts.js'

/** How many revocations one command reads. */
const pageSize = 1000

/** How long a revocation is kept after its `until`, because clocks differ, in milliseconds. */
const graceMs = 3_600_000

/** The revocations in a stream of Redis. A mark is the id of an entry. */
export function createRevocationFeed(send: SendCommand, prefix: string): Feed<Revocation> {
  const stream = `${prefix}revocations`

  async function entriesAfter(mark: string): Promise<readonly StreamEntry[]> {
    return readEntries(await send(['XRANGE', stream, `(${mark}`, '+', 'COUNT', String(pageSize)]), mark)
  }

  /** Whether the stream ends before a mark that was handed out: then a replica took over that had missed entries. */
  async function wentBack(mark: string): Promise<boolean> {
    const [last] = readEntries(await send(['XREVRANGE', stream, '+', '-', 'COUNT', '1']))
    return last !== undefined && isBefore(last[0], mark)
  }

  return {
    scope: 'shared',
    async append({ kind, name, at, until }) {
      const over = String(Date.now() - graceMs)
      readDone(await send(['EVAL', revokeScript, '1', stream, kind, name, String(at), String(until), lifeUntil(until + graceMs), over]))
    },
    async after(from = '0-0') {
      let mark = from
      let page = await entriesAfter(mark)
      if (page.length === 0 && from !== '0-0' && (await wentBack(from))) page = await entriesAfter((mark = '0-0'))
      const items: Revocation[] = []
      while (page.length > 0) {
        for (const [id, fields] of page) {
          items.push(readRevocation(fields, id, stream))
          mark = id
        }
        page = page.length < pageSize ? [] : await entriesAfter(mark)
      }
      return { items, mark }
    },
  }
}

/**
 * @throws {Error} for an entry that Postern did not write. It could stand for a revocation, so nobody's session is taken
 *   until somebody has looked at it and deleted it.
 */
function readRevocation(fields: readonly string[], id: string, stream: string): Revocation {
  const [, kind, , name, , at = '', , until = ''] = fields
  if (kinds.has(kind) && name !== undefined && isNumber(at) && isNumber(until))
    return { kind: kind as RevokedKind, name, at: Number(at), until: Number(until) }
  throw new Error(`Redis holds an entry that is no revocation. Look at it, and delete it: XDEL ${stream} ${id}`)
}

/** `Number` takes also a blank text, for 0. */
function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text))
}

const kinds: ReadonlySet<string | undefined> = new Set<RevokedKind>(['id', 'user', 'team'])
