import { randomUUID } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { MasterKeys } from '@postern/instance'
import { type Log, Refusal } from '@postern/ports'
import { type Claim, type Patience, waitForClaim } from '@postern/stores/claim'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'
import type { Trouble } from '../readiness/watch-store.js'
import type { Audit, AuditEntry } from './audit.js'
import { checkEarlier } from './check-earlier.js'
import { readLastLines } from './last-lines.js'
import { digestOf, formatLine, type LineMark } from './line.js'
import { readEnd } from './read-end.js'
import type { Verdict } from './verify.js'

/** Another process has the audit file open. */
export class AuditInUse extends Failure {}

/**
 * Opens an audit in a file, for this process alone, once another one has closed it. A line is on the disk once its promise
 * resolves.
 *
 * @param named Its absolute path.
 * @param masterKeys Gives the master keys of the moment, of which the first marks each line. Default: lines have no marks.
 * @throws {AuditInUse} if another process still has it.
 * @throws {Failure} if it cannot be written, or holds something else.
 */
export async function openAuditFile(
  named: string,
  log: Log,
  patience: Patience,
  masterKeys: () => MasterKeys | undefined = () => undefined,
): Promise<Audit> {
  if (!existsSync(dirname(named))) throw new Failure(`The audit ${named} cannot be written: its folder does not exist.`)
  // One file has one lock, by whatever links it is named.
  const path = existsSync(named) ? realpathSync(named) : join(realpathSync(dirname(named)), basename(named))
  const claim = await claimOrFail(path, patience)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'a+', 0o600)
    const found = await handle.stat()
    if (!found.isFile()) throw new Failure(`The audit ${path} is no regular file. Choose another path for audit.file.`)
    // The lock is by name, and another process could have taken the other one.
    if (found.nlink > 1)
      throw new Failure(
        `The audit ${path} has ${countOf(found.nlink, 'name')} (hard links), under which several processes could write it. Leave it one, or copy it.`,
      )
    const { size } = found
    const opened = handle
    const writer = await createWriter(handle, path, { masterKeys, log })
    let isOpen = true
    return createFileAudit(writer, log, {
      check: () => {
        const keys = masterKeys()
        return checkEarlier(opened, size, () => isOpen, keys === undefined ? undefined : { masterKeys: keys, trusted: 'all' })
      },
      last: (most) => readLastLines(opened, most),
      async close() {
        isOpen = false
        await opened.close()
        claim.release()
      },
    })
  } catch (error) {
    await handle?.close().catch(() => {})
    claim.release()
    throw error instanceof Failure ? error : new Failure(`The audit ${path} cannot be written: ${(error as Error).message}.`)
  }
}

async function claimOrFail(path: string, patience: Patience): Promise<Claim> {
  try {
    return await waitForClaim(path, patience)
  } catch (error) {
    if ((error as Error).name !== 'StoreInUse') throw new Failure(`The audit ${path} cannot be taken: ${(error as Error).message}`)
    throw new AuditInUse(
      `Another process writes the audit ${path}, and two would break its chain. End the other one, or give this one a file of its own under audit.file.`,
    )
  }
}

type Write = (entry: AuditEntry) => Promise<void>

interface WriterOptions {
  readonly masterKeys: () => MasterKeys | undefined
  readonly log: Log
}

async function createWriter(handle: FileHandle, path: string, { masterKeys, log }: WriterOptions): Promise<Write> {
  let end = await readEnd(handle, path)
  if (end.last !== null) log('info', 'audit_newest', { digest: end.last })

  function markNow(): LineMark | undefined {
    const keys = masterKeys()
    return keys === undefined ? undefined : { chain: end.chain ?? randomUUID(), mark: (text) => keys.markLine(text) }
  }

  /** Whether the file at the path is still the one that is open, and has what this process wrote and nothing else. */
  async function check(): Promise<void> {
    const [own, found] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)])
    if (found === undefined || found.ino !== own.ino || found.dev !== own.dev) throw new Error(`${path} was moved, removed or replaced.`)
    if (own.size !== end.size) throw new Error(`${path} was changed by somebody else; restart Postern once it is as it should be.`)
  }

  async function append(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    try {
      const { bytesWritten } = await handle.write(bytes)
      if (bytesWritten < bytes.length) throw new Error(`There is no room for a whole line in ${path}.`)
      await handle.datasync()
    } catch (error) {
      // What was refused must not read as done. Where bytes cannot be taken back, the next line says that a torn one was found.
      await handle.truncate(end.size).catch(() => {})
      end = await readEnd(handle, path)
      throw error
    }
    end = { ...end, size: end.size + bytes.length }
  }

  async function write(entry: AuditEntry): Promise<void> {
    const { torn, isEnded, last } = end
    const mark = markNow()
    const lines = torn === undefined ? [] : [formatLine({ who: 'postern', what: 'torn_line', result: 'found', torn }, last, mark)]
    lines.push(formatLine(entry, lines[0] === undefined ? last : digestOf(lines[0]), mark))
    await append(`${isEnded ? '' : '\n'}${lines.join('\n')}\n`)
    const digest = digestOf(lines.at(-1) as string)
    end = { size: end.size, last: digest, chain: mark?.chain ?? end.chain, isEnded: true, torn: undefined }
    // Elsewhere than in the file: whoever cuts lines off at its end cannot cut this off.
    log('info', 'audit_newest', { digest })
  }

  return async (entry) => {
    await check()
    await write(entry)
  }
}

interface AuditFile {
  /** Looks at the lines that were there at the start; `undefined`: the file was closed meanwhile. */
  readonly check: () => Promise<Verdict | undefined>
  readonly last: Audit['last']
  readonly close: () => Promise<void>
}

function createFileAudit(write: Write, log: Log, { check, last, close }: AuditFile): Audit {
  let trouble: Trouble | undefined
  let broken: Trouble | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let isClosed = false

  /** Writes one line after the other: each carries the digest of the one before. */
  async function inLine(entry: AuditEntry): Promise<void> {
    // The next process writes the file now.
    if (isClosed) throw new Error('This process stops and has closed the audit.')
    const written = queue.then(() => write(entry))
    queue = written.catch(() => {})
    try {
      await written
    } catch (error) {
      const reason = (error as Error).message
      if (trouble === undefined) log('error', 'audit_lost', { cause: reason })
      trouble = { since: trouble?.since ?? new Date().toISOString(), reason }
      throw error
    }
    if (trouble !== undefined) log('info', 'audit_written_again')
    trouble = undefined
  }

  async function require(entry: AuditEntry): Promise<void> {
    try {
      await inLine(entry)
    } catch (cause) {
      throw new Refusal('store_unavailable', {
        message: 'The audit cannot be written, and without its line nothing is done.',
        help: 'For the operator: the log says audit_lost and why; audit.file names the file.',
        retryAfterSeconds: 1,
        cause,
      })
    }
  }

  return {
    last,
    begin: require,
    require,
    note: (entry) =>
      inLine(entry).catch((error: unknown) => {
        log('error', 'audit_line_lost', { event: 'audit', ...entry, cause: (error as Error).message })
      }),
    async checkEarlier() {
      const found = await check().catch(
        ({ message }: Error): Pick<Verdict, 'fault' | 'unmarked'> => ({
          fault: { line: 0, reason: `It could not be checked: ${message}` },
        }),
      )
      if (found?.unmarked !== undefined) log('warn', 'audit_unmarked', { lines: found.unmarked })
      const fault = found?.fault
      if (fault === undefined) return
      broken = { since: new Date().toISOString(), reason: `Line ${fault.line} does not fit. ${fault.reason}` }
      log('warn', 'audit_broken', { line: fault.line, cause: fault.reason })
    },
    trouble: () => trouble ?? broken,
    async close() {
      isClosed = true
      await queue
      await close()
    },
  }
}
