import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { checkRingKey } from '@postern/config'
import { RingFault } from '@postern/instance'
import { describeBinding, fieldsOfIdentity, type KeptBinding, type KeptKey, type RingConflict } from '@postern/ports'
import { Failure } from '../failure.js'
import type { OpenRing } from './open-ring.js'
import { type ImportedKey, readImport } from './read-import.js'

/** How many keys are staged in one transaction. */
const keysPerStage = 2000

/** How many faults are named at most. */
const maxFaults = 20

/** A line that cannot be taken. */
export interface ImportFault {
  readonly line: number
  readonly reason: string
}

/** Keys and bindings that are in the store and that no process uses yet. If a line has a fault, the store has none of them. */
export interface StagedImport {
  readonly keys: number
  readonly bindings: number
  /** The first faults of the file. */
  readonly faults: readonly ImportFault[]
  readonly faultCount: number
  /**
   * Puts everything into the ring.
   *
   * @throws {Failure} with the lines whose key or binding is in the ring already. Then nothing is put into it: call `discard`.
   */
  publish(): Promise<void>
  /** Removes everything that is not in the ring yet from the store. */
  discard(): Promise<void>
}

/**
 * Reads a file of keys, seals the keys and puts them into the store. No process uses them before `publish`.
 *
 * @throws {Failure} if the file cannot be read.
 */
export async function stageImport(
  { checked, ring, editor }: OpenRing,
  file: string,
  progress: (share: number) => void,
): Promise<StagedImport> {
  const batch = `import ${randomUUID()}`
  const size = sizeOf(file)
  const faults: ImportFault[] = []
  /** The line of each alias, and of each binding. */
  const aliases = new Map<string, number>()
  const selectors = new Map<string, number>()
  let faultCount = 0
  let keys: KeptKey[] = []
  let bindings: KeptBinding[] = []

  function fail(line: number, reason: string): void {
    faultCount += 1
    if (faults.length < maxFaults) faults.push({ line, reason })
  }

  function take(line: number, { bindings: bound, ...key }: ImportedKey): void {
    const [problem] = checkRingKey(key, checked)
    if (problem !== undefined) return fail(line, `${problem.path} ${problem.reason} ${problem.fix}`)
    const earlier = aliases.get(key.alias)
    if (earlier !== undefined) return fail(line, `has the alias of an earlier line, ${earlier}.`)
    aliases.set(key.alias, line)
    try {
      for (const principal of bound) {
        const binding = editor.bindingOf(principal, key.alias)
        const { selector } = binding
        const before = selectors.get(selector)
        if (before !== undefined) return fail(line, `binds whom an earlier line binds, ${before}.`)
        selectors.set(selector, line)
        bindings.push(binding)
      }
      keys.push(editor.sealNew(key, Date.now()))
    } catch (error) {
      if (!(error instanceof RingFault)) throw error
      return fail(line, error.message)
    }
  }

  /** What the store is writing. */
  let writing: Promise<void> = Promise.resolve()

  /** Gives the store what was sealed. It writes that while the next keys are sealed. */
  async function stage(): Promise<void> {
    await writing
    // If a line has a fault, nothing will be published: the other lines are only checked.
    if (faultCount === 0) {
      writing = ring.stage(batch, keys, bindings)
      // It is awaited before the next part and at the end.
      writing.catch(() => {})
    }
    keys = []
    bindings = []
  }

  try {
    for await (const lines of readImport(file, (bytes) => progress(size === 0 ? 1 : bytes / size))) {
      for (const read of lines)
        if ('fault' in read) fail(read.line, read.fault)
        else take(read.line, read.key)
      if (keys.length >= keysPerStage) await stage()
    }
    await stage()
    await writing
  } catch (error) {
    await writing.catch(() => {})
    await ring.discard(batch)
    throw error
  }
  if (faultCount > 0) await ring.discard(batch)
  return {
    keys: aliases.size,
    bindings: selectors.size,
    faults,
    faultCount,
    async publish() {
      const conflict = await ring.publish(batch)
      if (conflict !== undefined) throw refuseLines(file, faultsOf(conflict, aliases, selectors))
    },
    discard: () => ring.discard(batch),
  }
}

type Lines = ReadonlyMap<string, number>

/** The lines that stand in the way of an import, since the ring has their key or binding; the ring names the first ones alone. */
function faultsOf(conflict: RingConflict, aliases: Lines, selectors: Lines): readonly ImportFault[] {
  const ofAliases = conflict.aliases.map((alias) => ({
    line: aliases.get(alias) ?? 0,
    reason: `The key "${alias}" is in the ring already.`,
  }))
  const ofSelectors = conflict.selectors.map((selector) => ({
    line: selectors.get(selector) ?? 0,
    reason: `${describeBinding(fieldsOfIdentity(selector))} is bound already; "postern keys unbind" ends that.`,
  }))
  return [...ofAliases, ...ofSelectors].toSorted((one, other) => one.line - other.line).slice(0, maxFaults)
}

/** @param count How many lines cannot be taken; `undefined`: those that are named, and perhaps others. */
export function refuseLines(file: string, faults: readonly ImportFault[], count?: number): Failure {
  const lines = faults.map(({ line, reason }) => `  line ${line}: ${reason}`)
  const more = count !== undefined && count > faults.length ? `\n  and ${count - faults.length} more` : ''
  const which = count === undefined ? 'These lines' : `${count} of the lines`
  return new Failure(`Nothing was imported. ${which} of ${file} cannot be taken:\n${lines.join('\n')}${more}`)
}

/** @throws {Failure} if the file is not there, or this user may not read it. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    throw new Failure(`${file} cannot be read (${String((error as NodeJS.ErrnoException).code)}). Name a file that this user can read.`)
  }
}
