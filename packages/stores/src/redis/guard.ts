import { randomUUID } from 'node:crypto'
import { StoreLost } from '@postern/ports'
import type { SendCommand } from './connection.js'
import { notDone } from './guard-scripts.js'

/** How often a script is sent to a Redis whose counts this process does not know yet. */
const mostTries = 3

/** What a process knows of the counts in Redis. */
export interface Guard {
  /** Names this process. */
  readonly id: string
  /** The keys of the state and of this process's number. */
  readonly keys: readonly [state: string, process: string]
  /** The generation of the counts; empty until it is known. */
  generation: string
  /** Numbers a command, and gives what its script judges by: the generation, the last number that was acknowledged, this one, and a new name. */
  given(): readonly [generation: string, acknowledged: string, number: string, name: string]
  /** A command with this number was acknowledged. */
  acknowledge(number: string): void
  /**
   * Makes a script that begins with `guard`.
   *
   * @throws {StoreLost} if Redis has lost what it acknowledged: nothing was done.
   */
  readonly ask: (script: string, keys: readonly string[], args: readonly string[]) => Promise<unknown>
}

export function createGuard(send: SendCommand, prefix: string): Guard {
  const id = randomUUID()
  let [last, acknowledged] = [0, 0]
  const guard: Guard = {
    id,
    keys: [`${prefix}state`, `${prefix}process:${id}`],
    generation: '',
    given() {
      last += 1
      return [guard.generation, String(acknowledged), String(last), `${Date.now()}-${randomUUID()}`]
    },
    acknowledge(number) {
      acknowledged = Math.max(acknowledged, Number(number))
    },
    async ask(script, keys, args) {
      for (let tries = 1; ; tries += 1) {
        const given = guard.given()
        const reply = await send(['EVAL', script, String(keys.length + 2), ...keys, ...guard.keys, ...args, ...given])
        const [verdict, name] = verdictOf(reply)
        if (verdict === undefined) {
          guard.acknowledge(given[2])
          return reply
        }
        const isUnknown = verdict === 'other' && given[0] === '' && name !== undefined
        if (!isUnknown || tries === mostTries) throw lost()
        if (guard.generation === '') guard.generation = name
      }
    },
  }
  return guard
}

/** Nothing of a list of texts that begins with {@link notDone} was done. */
function verdictOf(reply: unknown): readonly string[] {
  return Array.isArray(reply) && reply[0] === notDone && reply.every((text) => typeof text === 'string') ? reply.slice(1) : []
}

function lost(): StoreLost {
  return new StoreLost('Redis has lost what it acknowledged: it was emptied, or put back to an earlier state. Its counts are built anew.')
}
