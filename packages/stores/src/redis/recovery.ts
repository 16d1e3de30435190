import { type HeldCall, type KeptCount, type Recovery, StoreLost } from '@postern/ports'
import type { SendCommand } from './connection.js'
import type { Guard } from './guard.js'
import { readPage, readTexts } from './replies.js'
import {
  adoptScript,
  declareScript,
  finishScript,
  joinedScript,
  joinScript,
  releaseScript,
  removeScript,
  stateScript,
  writeScript,
} from './recovery-scripts.js'
import { lockScript } from './scripts.js'
import { readForgets, writeForgets } from './window-times.js'

/** How many calls, windows or keys one command has. */
const pageSize = 500

/** For how long a process leads, in milliseconds, unless it says so again. */
const leadMs = 30_000

/** The counts of a Redis that may be put back to an earlier state, or emptied. */
export function createRecovery(send: SendCommand, prefix: string, guard: Guard): Recovery {
  const [state, own] = guard.keys
  const [alive, lead] = [`${prefix}alive`, `${prefix}lead`]
  /** The loss that this process joined last. */
  let joined: string | undefined
  const joinedAt = (name: string): string => `${prefix}joined:${name}`
  const callsAt = (name: string): string => `${prefix}again:${name}`
  const evaluate = (script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> =>
    send(['EVAL', script, String(keys.length), ...keys, ...args])

  /** @throws {StoreLost} if this process does not lead. */
  async function asLeader(script: string, name: string, keys: readonly string[], args: readonly string[] = []): Promise<void> {
    const reply = await evaluate(script, [lead, state, ...keys], [guard.id, name, ...args])
    if (reply !== 1) throw new StoreLost('Redis cannot be used: another process builds its counts anew.')
  }

  async function scan(cursor: string, pattern: string): Promise<{ readonly cursor: string; readonly keys: readonly string[] }> {
    return readPage(await send(['SCAN', cursor, 'MATCH', `${escaped(prefix)}${pattern}`, 'COUNT', String(pageSize)]))
  }

  return {
    async look() {
      const given = guard.given()
      const keys = [alive, joinedAt(joined ?? ''), state, own]
      const reply = readTexts(await evaluate(stateScript, keys, [guard.id, ...given]))
      const [verdict, name, now, serial, isNew, at, missing, from] = reply as [string, string, ...string[]]
      if (verdict === 'other' && guard.generation === '') guard.generation = name
      if (verdict === 'behind' && from === joined) guard.generation = name
      if (verdict === 'ok') guard.acknowledge(given[2])
      const isLost = verdict === 'lost'
      return {
        generation: guard.generation,
        serial: Number(serial),
        isNew: isNew === 'new',
        isBehind: verdict === 'behind' && guard.generation !== name,
        // Whoever has not joined this loss is told of those of another.
        lost: isLost ? { name, ageMs: Number(now) - Number(at), missing: joined === name ? Number(missing) : Infinity } : undefined,
      }
    },
    async confirm() {
      await send(['HDEL', state, 'new'])
    },
    async declare() {
      const [, , , name] = guard.given()
      await evaluate(declareScript, [state], [name])
    },
    async join(name, held) {
      for (let from = 0; from === 0 || from < held.length; from += pageSize) {
        const [, , number] = guard.given()
        const reply = await evaluate(
          joinScript,
          [state, own, callsAt(name)],
          [name, number, ...held.slice(from, from + pageSize).map(writeCall)],
        )
        if (reply !== 1) return false
        guard.acknowledge(number)
      }
      const isJoined = (await evaluate(joinedScript, [state, joinedAt(name)], [name, guard.id])) === 1
      if (isJoined) joined = name
      return isJoined
    },
    async adopt(held) {
      const found = await send(['HGET', state, 'g'])
      if (typeof found !== 'string') throw new StoreLost('Redis cannot be used: it has lost its counts.')
      for (let from = 0; from === 0 || from < held.length; from += pageSize) {
        const [, , number] = guard.given()
        const reply = await evaluate(adoptScript, guard.keys, [prefix, found, number, ...held.slice(from, from + pageSize).map(writeCall)])
        if (reply !== 1) throw new StoreLost('Redis cannot be used: its counts are built anew.')
        guard.acknowledge(number)
      }
      guard.generation = found
    },
    async lead() {
      return (await evaluate(lockScript, [lead], [guard.id, String(leadMs)])) === guard.id
    },
    release: (name) => asLeader(releaseScript, name, [`${prefix}notes`, `${prefix}left`, callsAt(name)]),
    async clear(name) {
      for (const pattern of ['window:*', 'held:*'])
        for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
          const page = await scan(cursor, pattern)
          cursor = page.cursor
          if (page.keys.length > 0) await asLeader(removeScript, name, page.keys)
          await evaluate(lockScript, [lead], [guard.id, String(leadMs)])
        }
      await asLeader(
        removeScript,
        name,
        ['leases', 'booked', 'notes', 'left'].map((key) => prefix + key),
      )
    },
    async write(name, counts) {
      for (let from = 0; from < counts.length; from += pageSize) {
        const page = counts.slice(from, from + pageSize)
        const args = page.flatMap(({ amount, endsMs, forgetsMs }) => [String(amount), String(endsMs ?? -1), writeForgets(forgetsMs)])
        await asLeader(
          writeScript,
          name,
          page.map(({ window }) => `${prefix}window:${window}`),
          args,
        )
        await evaluate(lockScript, [lead], [guard.id, String(leadMs)])
      }
    },
    finish: (name, generation) => asLeader(finishScript, name, [alive, joinedAt(name), callsAt(name)], [prefix, generation]),
    async next() {
      const [, , , name] = guard.given()
      const known = await send(['HGET', state, 'g'])
      const oldest = Math.max(ageOf(guard.generation), ageOf(typeof known === 'string' ? known : ''))
      return ageOf(name) > oldest ? name : name.replace(/^\d+/, String(oldest + 1))
    },
    async counts(after = '0') {
      const { cursor, keys } = await scan(after, 'window:*')
      const counts: KeptCount[] = []
      for (const key of keys) {
        const [amount, ends, forgets] = readTexts(await send(['HMGET', key, 'b', 'e', 'f']).catch(() => []))
        if (amount === undefined || amount === '0' || ends === undefined) continue
        const window = key.slice(prefix.length + 'window:'.length)
        counts.push({ window, amount: Number(amount), endsMs: ends === '-1' ? undefined : Number(ends), forgetsMs: readForgets(forgets) })
      }
      return { counts, mark: cursor === '0' ? undefined : cursor }
    },
    async leave() {
      await send(['ZREM', alive, guard.id])
    },
  }
}

/** When the counts of a generation were begun, in milliseconds since the epoch. */
function ageOf(generation: string): number {
  return Number.parseInt(generation, 10) || 0
}

/** As the scripts read it. */
function writeCall({ id, note = '', parts }: HeldCall): string {
  const of = parts.map(({ window, amount, endsMs, forgetsMs }) => [window, String(amount), String(endsMs ?? -1), writeForgets(forgetsMs)])
  return JSON.stringify([id, note, of])
}

/** A prefix as a pattern that matches nothing else. */
function escaped(text: string): string {
  return text.replaceAll(/[\\*?[\]^-]/g, String.raw`\$&`)
}
