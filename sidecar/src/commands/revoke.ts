import { revocationOf, type RevokedKind } from '@postern/ports'
import { asciiJson, nameFault, redactKeys } from '@postern/protocol'
import { Failure } from '../failure.js'
import { requireConfig } from '../load-config.js'
import { operatorName } from '../operator-name.js'
import { openStoreToRevoke } from '../open-store.js'
import { print, printJson } from '../print.js'

export interface RevokeOptions {
  readonly config: string
  readonly id?: string
  readonly user?: string
  readonly team?: string
  readonly json?: boolean
}

const kinds: readonly RevokedKind[] = ['id', 'user', 'team']

/** Revokes session tokens before they expire, in every process that uses the store of this configuration. */
export async function revokeSessions(options: RevokeOptions): Promise<number> {
  const [kind, ...others] = kinds.filter((name) => options[name] !== undefined)
  if (kind === undefined || others.length > 0) throw new Failure('Say what to end: --id, --user or --team, one of them.')
  const name = options[kind] as string
  const fault = nameFault(name)
  if (fault !== undefined) throw new Failure(`--${kind} is no name: it ${fault}.`)
  const { checked, file } = requireConfig(options.config)
  const { store: settings, callers } = checked.config
  if (callers.session === undefined) throw new Failure('The configuration has no callers.session, so there is nothing to end.')
  if (settings?.memory === true) {
    throw new Failure(
      'The configuration keeps revocations in the memory of the running process (store.memory), which no other process can write to.\nUse its admin listener, POST /admin/v1/revocations, or configure store.sqlite, store.redis or store.postgres.',
    )
  }
  const store = await openStoreToRevoke(checked, file)
  try {
    await store.revocations.append(revocationOf(kind, name, callers.session.maxTtl))
  } catch (error) {
    const { message } = error as Error
    throw new Failure(message.startsWith('The revocation was written') ? message : `Nothing was ended: ${message}`)
  } finally {
    await store.close()
  }
  tellEnded(kind, name)
  if (options.json === true) printJson({ revoked: { [kind]: name } })
  else {
    const [what, it] = kind === 'id' ? ['the session', 'it'] : [`every session of the ${kind}`, 'them']
    print(`Ended: ${what} ${name}. Every process that uses this store refuses ${it} within a second.`)
    if (settings === undefined) print(otherMemory)
  }
  return 0
}

/** The sidecar and this command use the same file by default; a middleware uses what it is given. */
const otherMemory =
  'The configuration names no store, so this is the file that the sidecar uses. The Express middleware then remembers in its own memory, unless it was given a store: there the sessions go on.'

/**
 * Writes a line to stderr for the machine's log: the store tells other processes that sessions ended, but not who
 * ended them.
 */
function tellEnded(kind: RevokedKind, name: string): void {
  const line = {
    level: 'info',
    time: new Date().toISOString(),
    kind,
    name: redactKeys(name),
    via: 'command',
    by: operatorName(),
    msg: 'session_ended',
  }
  process.stderr.write(`${asciiJson(JSON.stringify(line))}\n`)
}
