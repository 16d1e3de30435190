import { errorCodes } from '@postern/protocol'

/** A call of the ledger, as the admin listener tells it. */
export interface Call {
  readonly request_id: string
  readonly start: string
  readonly duration_ms: number
  readonly method?: string
  readonly path?: string
  readonly via?: string
  readonly caller?: string
  readonly user?: string
  readonly team?: string
  readonly project?: string
  readonly gateway?: string
  readonly key?: string
  readonly model?: string
  readonly workflow?: string
  readonly step?: string
  readonly parent_step?: string
  readonly status: number
  readonly code?: string
  readonly finish?: string
  readonly earlier: readonly { readonly attempt: number; readonly code: string }[]
  readonly input?: number
  readonly output?: number
  readonly cost?: { readonly amount: string; readonly unit: string }
  /** `true`: tokens or cost are not the gateway's own report. */
  readonly estimated?: true
}

/** What an error code means, and what to do; `undefined`: it is the gateway's own. */
export function meaningOf(code: string): { readonly title: string; readonly help: string } | undefined {
  return Object.hasOwn(errorCodes, code) ? errorCodes[code as keyof typeof errorCodes] : undefined
}

/** How a call ended, in a word or two. */
export function endingOf({ finish, code }: Pick<Call, 'finish' | 'code'>): {
  readonly text: string
  readonly tone: 'good' | 'warn' | 'bad'
} {
  if (finish === 'refused') return { text: 'refused', tone: 'warn' }
  if (finish === undefined || finish === 'complete')
    return code === undefined ? { text: 'complete', tone: 'good' } : { text: 'error', tone: 'bad' }
  return { text: finish.replaceAll('_', ' '), tone: finish === 'client_closed' ? 'warn' : 'bad' }
}

/** How long a call took, in milliseconds; `undefined`: its process died, so nobody knows. */
export function durationOf({ finish, duration_ms: ms }: Pick<Call, 'finish' | 'duration_ms'>): number | undefined {
  return finish === 'interrupted' ? undefined : ms
}

/** The id of the session that made a call; `undefined`: it was no session. */
export function sessionOf(caller: string | undefined): string | undefined {
  return caller?.startsWith('session:') === true ? caller.slice('session:'.length) : undefined
}
