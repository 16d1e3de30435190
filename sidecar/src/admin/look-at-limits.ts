import type { LimitQuestion, ToldLimit } from '@postern/instance'
import { Failure } from '../failure.js'
import { askAdmin, describeRefused } from './ask.js'
import { findCredential } from './find-credential.js'
import { findPlace } from './find-place.js'

/** How long the running process may take to answer, in milliseconds. */
const timeoutMs = 3000

/** The limits of a caller as the running process counts them. */
export interface LookedAt {
  readonly limits: readonly ToldLimit[]
  /** Why `limits` is empty, if the running process could not be asked. */
  readonly why?: string
}

/** Asks the running sidecar what is left of a caller's limits. If no sidecar runs, `limits` is empty. */
export async function lookAtLimits(options: LimitQuestion & { readonly config: string }): Promise<LookedAt> {
  const { config, user, team, project, service, model, workflow, session } = options
  const asked = Object.entries({ user, team, project, service, model, workflow, session })
  const query = new URLSearchParams(asked.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])))
  try {
    const place = findPlace({ config })
    const question = { method: 'GET', path: `/admin/v1/limits?${query.toString()}`, credential: findCredential(config), timeoutMs } as const
    const answer = await askAdmin(place, question)
    if (answer.status !== 200) return { limits: [], why: `the sidecar answered with ${answer.status}. ${describeRefused(answer, 'read')}` }
    return { limits: (JSON.parse(answer.text) as LookedAt).limits }
  } catch (error) {
    if (!(error instanceof Failure) && !(error instanceof SyntaxError)) throw error
    const [reason = ''] = error.message.split('\n')
    return { limits: [], why: reason }
  }
}
