import { sessionSecrets } from '@postern/config'
import { createSessionMinter, type MintRequest } from '@postern/server'
import { Failure } from '../failure.js'
import { requireConfig } from '../load-config.js'
import { print, printJson } from '../print.js'

export interface MintOptions {
  readonly config: string
  readonly user?: string
  readonly team?: string
  readonly project?: string
  readonly ttl?: string
  readonly origin?: string
  readonly models?: string
  readonly endpoints?: string
  readonly workflow?: string
  readonly maxTokens?: string
  readonly maxCalls?: string
  readonly maxSpend?: string
  readonly jkt?: string
  readonly ext?: string
  readonly json?: boolean
}

/** Mints a session token, as a backend would. */
export async function mintSession(options: MintOptions): Promise<number> {
  const { checked } = requireConfig(options.config)
  const { session } = checked.config.callers
  const [secret] = sessionSecrets(checked)
  if (session === undefined || secret === undefined) {
    throw new Failure(
      'The configuration has no callers.session.secret to sign a session token with.\nAdd  callers: { session: { secret: { env: POSTERN_SESSION_SECRET } } }',
    )
  }
  const { json, ttl, user, team, project, origin, models, endpoints, workflow, jkt } = options
  if (user === undefined && team === undefined && project === undefined) throw new Failure('Say for whom: --user, --team or --project.')
  const minter = createSessionMinter({ secret: secret.reveal(), ttl: Math.round(session.ttl / 1000) })
  const request = {
    user,
    team,
    project,
    ttl: secondsOf(ttl),
    origin,
    models: listOf(models),
    endpoints: listOf(endpoints),
    workflow,
    jkt,
    ext: jsonOf(options.ext),
    maxTokens: numberOf(options.maxTokens),
    maxCalls: numberOf(options.maxCalls),
    maxSpend: options.maxSpend,
  }
  const minted = await minter.mint(said(request)).catch((error: unknown) => {
    throw error instanceof TypeError ? new Failure(error.message) : error
  })
  if (minted.expiresAt * 1000 - Date.now() > session.maxTtl) {
    throw new Failure(`The token would live longer than callers.session.maxTtl allows, and be refused. Choose a shorter --ttl.`)
  }
  if (json === true) printJson({ token: minted.token, id: minted.id, expires_at: minted.expiresAt })
  else print(minted.token)
  return 0
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

/** Digits alone are seconds, as over HTTP. */
function secondsOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown)
  } catch {
    throw new Failure('--ext is not JSON.')
  }
}

function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').map((name) => name.trim())
}

/** The options that were given, without those that were not. */
function said(request: { readonly [Name in keyof MintRequest]?: MintRequest[Name] | undefined }): MintRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
}
