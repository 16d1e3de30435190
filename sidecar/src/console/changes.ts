import type { AdminRole } from '@postern/config'
import type { AdminQuestion } from '../admin/ask.js'

/** A change as a body of the page names it. */
interface Wanted {
  /** What the operator types to confirm it. */
  readonly alias: string
  readonly question: Pick<AdminQuestion, 'method' | 'path' | 'body'>
}

/** A change that the page may have the console make. The admin listener writes it into the audit, under the name of the console's credential. */
interface PageChange {
  readonly role: AdminRole
  /** @returns `undefined` if the body names nothing that can be changed. */
  readonly read: (body: Readonly<Record<string, unknown>>) => Wanted | undefined
}

const pageChanges: Readonly<Record<string, PageChange>> = {
  '/reload': {
    role: 'config',
    read: () => ({ alias: 'reload', question: { method: 'POST', path: '/admin/v1/reload' } }),
  },
  '/sessions/end': {
    role: 'sessions',
    read({ kind, name }) {
      if ((kind !== 'id' && kind !== 'user' && kind !== 'team') || typeof name !== 'string' || name === '') return undefined
      return { alias: name, question: { method: 'POST', path: '/admin/v1/revocations', body: JSON.stringify({ [kind]: name }) } }
    },
  },
  '/keys/retire': {
    role: 'keys',
    read({ alias }) {
      if (typeof alias !== 'string' || alias === '') return undefined
      return { alias, question: { method: 'DELETE', path: `/admin/v1/keys/${encodeURIComponent(alias)}` } }
    },
  },
}

/** @returns `undefined`: the page may not change this. */
export function findChange(target: string): PageChange | undefined {
  return Object.hasOwn(pageChanges, target) ? pageChanges[target] : undefined
}
