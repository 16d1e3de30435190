import type { AdminRole } from '@postern/config'

/** A question that the page may have the console ask. */
export interface PageQuestion {
  /** What the path below `/api` and below `/admin/v1` must match. */
  readonly path: RegExp
  /** The role that the admin listener asks for. */
  readonly role: AdminRole
}

/** What the page may read. The admin listener reads the query, and knows the names that may stand there. */
export const pageQuestions: readonly PageQuestion[] = [
  { path: /^\/operator$/, role: 'read' },
  { path: /^\/readiness$/, role: 'read' },
  { path: /^\/usage$/, role: 'read' },
  { path: /^\/usage\/workflows\/[\w-]{1,64}$/, role: 'read' },
  { path: /^\/limits$/, role: 'read' },
  { path: /^\/calls(?:\/live)?$/, role: 'read' },
  { path: /^\/keys\/configured$/, role: 'read' },
  { path: /^\/keys$/, role: 'keys' },
  { path: /^\/audit$/, role: 'read' },
]

/** How long a query may be, in characters. */
const maxQueryChars = 2048

/** Finds the question of a path with its query; `undefined`: the page may not ask it. */
export function findQuestion(target: string): PageQuestion | undefined {
  const [path = '', query = ''] = target.split('?', 2)
  if (query.length > maxQueryChars || !/^[\w%.~!*'()+,=&:-]*$/.test(query)) return undefined
  return pageQuestions.find((question) => question.path.test(path))
}
