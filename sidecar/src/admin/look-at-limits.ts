import type { LimitQuestion, ToldLimit } from '@postern/instance'
import { Failure } from '../failure.js'
import { askAdmin } from './ask.js'
import { findCredential } from './find-credential.js'
import { findPlace } from './find-place.js'

/** How long the running process may take to answer, in milliseconds. */
const timeoutMs = 3000

/** The limits of a caller as the running process counts them. */
export interface LookedAt {
  readonly limits: readonly ToldLimit[]
  /** Why they are not known, if they are not. */
  readonly why?: string
}

/** Asks the running sidecar what is left of a caller's limits, if there is one. */
export async function lookAtLimits(options: LimitQuestion & { readonly config: string }): Promise<LookedAt> {
  const { config, user, team, project, model, workflow, session } = options
  const asked = Object.entries({ user, team, project, model, workflow, session })
  const query = new URLSearchParams(asked.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])))
  try {
    const place = findPlace({ config })
    const question = { method: 'GET', path: `/admin/v1/limits?${query.toString()}`, credential: findCredential(config), timeoutMs } as const
    const { status, text } = await askAdmin(place, question)
    if (status !== 200) return { limits: [], why: `the sidecar answered with ${status}${messageOf(text)}.` }
    return { limits: (JSON.parse(text) as LookedAt).limits }
  } catch (error) {
    if (!(error instanceof Failure) && !(error instanceof SyntaxError)) throw error
    const [reason = ''] = error.message.split('\n')
    return { limits: [], why: reason }
  }
}

function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } }
    return typeof error?.message === 'string' ? `: ${error.message.replace(/\.$/, '')}` : ''
  } catch {
    return ''
  }
}
