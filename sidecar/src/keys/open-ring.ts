import { dirname } from 'node:path'
import type { CheckedConfig } from '@postern/config'
import { BrokenSeal, type MasterKeys, masterKeysOf, RingEditor, RingFault } from '@postern/instance'
import { type KeyRing, Refusal } from '@postern/ports'
import { Failure } from '../failure.js'
import { requireConfig } from '../load-config.js'
import { openStoreBeside } from '../open-store.js'

/** The ring of a configuration, open for a command. */
export interface OpenRing {
  readonly checked: CheckedConfig
  /** The configuration file. */
  readonly file: string
  /** The folder that paths in the configuration begin at. */
  readonly directory: string
  readonly ring: KeyRing
  readonly masterKeys: MasterKeys
  readonly editor: RingEditor
  close(): Promise<void>
}

/**
 * Whether a command on the ring can do without a secret: it needs only the master keys and the address of the store.
 *
 * @param path The setting of the secret, such as `keys.acme.secret`.
 */
export function isNotOfRing(path: string): boolean {
  return !path.startsWith('keyRing.') && !path.startsWith('store.')
}

/**
 * Opens the ring of a configuration beside the process that serves from it, does the work of a command on it, and closes it.
 *
 * @throws {Failure} if the configuration has no ring, or the work fails; a bug (`TypeError`, `RangeError`, `ReferenceError`) is thrown as
 * it is.
 */
export async function withRing<Result>(config: string, work: (ring: OpenRing) => Promise<Result>): Promise<Result> {
  const { checked, file } = requireConfig(config, isNotOfRing)
  return withRingOf(checked, file, (ring) => {
    if (ring === undefined)
      throw new Failure(
        `${config} has no key ring. Write\n  keyRing: { masterKeys: [{ id: k1, secret: { env: POSTERN_MASTER_KEY } }] }\nwith a master key of: openssl rand -base64 32`,
      )
    return work(ring)
  })
}

/** As {@link withRing}, for a command that also works without a ring: then `work` gets `undefined`. */
export async function withRingOf<Result>(
  checked: CheckedConfig,
  file: string,
  work: (ring: OpenRing | undefined) => Promise<Result>,
): Promise<Result> {
  const ring = await openRingOf(checked, file)
  try {
    return await work(ring)
  } catch (error) {
    throw failureOf(error)
  } finally {
    await ring?.close()
  }
}

async function openRingOf(checked: CheckedConfig, file: string): Promise<OpenRing | undefined> {
  const masterKeys = masterKeysOf(checked)
  if (masterKeys === undefined) return undefined
  const store = await openStoreBeside(checked, file)
  const { keyRing: ring } = store
  if (ring === undefined) {
    await store.close()
    throw new Failure('The store keeps no keys. Write store: { sqlite: ./postern.db }, or { postgres: … }.')
  }
  const editor = new RingEditor(ring, masterKeys)
  return { checked, file, directory: dirname(file), ring, masterKeys, editor, close: () => store.close() }
}

/** What the operator is told of an error; a bug stays as it is, with its stack. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Failure || isBug(error)) return error
  if (error instanceof RingFault) return new Failure(`${error.message}\n${error.fix}`)
  if (error instanceof BrokenSeal)
    return new Failure(
      `A key of the ring cannot be read. ${error.message}\nKeep every master key under keyRing.masterKeys that the ring was written with. "postern keys list" shows which keys cannot be read; "postern keys retire ALIAS" removes one.`,
    )
  if (error instanceof Refusal) return new Failure(error.cause === undefined ? error.message : `${error.message} ${reasonOf(error.cause)}`)
  return new Failure(error.message)
}

function isBug(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
