/** What the console answered instead of what was asked for. */
export class Fault extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Held here alone: no cookie and no storage has it, so it ends with the page. */
let token: string | undefined

let tellOver: (() => void) | undefined

/** Calls `told` once the page may not ask any more. */
export function onceOver(told: () => void): void {
  tellOver = told
}

/**
 * Trades the code of the address for a token, and takes the code out of the address and of the history.
 *
 * @throws {Fault} if there is no code, or it was used or is too old.
 */
export async function openSession(): Promise<void> {
  // Another link that is opened in this tab changes the fragment alone.
  addEventListener('hashchange', () => {
    if (location.hash.startsWith('#code=')) location.reload()
  })
  const [, code] = /^#code=([\w-]{1,128})$/.exec(location.hash) ?? []
  history.replaceState(null, '', '/')
  if (code === undefined)
    throw new Fault('code_missing', 'Open the link that the command printed, or press Enter in its terminal for another one.')
  const answer = (await ask('/token', { code })) as { readonly token: string }
  token = answer.token
}

/** Asks a question. @param query Members without a value are left out. */
export async function read<Answer>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<Answer> {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
  return (await ask(`/api${path}${search}`)) as Answer
}

/** Makes a change. @param confirm What the operator typed; the console compares it too. */
export async function change<Answer>(path: string, named: Readonly<Record<string, string>>, confirm: string): Promise<Answer> {
  return (await ask(`/api${path}`, { ...named, confirm })) as Answer
}

async function ask(path: string, body?: object): Promise<unknown> {
  const headers: Record<string, string> = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  }
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(path, { ...init, credentials: 'omit', redirect: 'error' }).catch(() => {
    throw new Fault('console_gone', 'The console does not answer. See whether its command still runs.')
  })
  const answer: unknown = await response.json().catch(() => undefined)
  const { error } = (answer ?? {}) as { readonly error?: { readonly code: string; readonly message: string } }
  if (error?.code === 'session_over') tellOver?.()
  if (error !== undefined) throw new Fault(error.code, error.message)
  if (answer === undefined) throw new Fault('console_gone', `The console answered with ${response.status} and nothing that can be read.`)
  return answer
}
