import { createSessionMinter } from '@postern/server'
import { Failure } from '../failure.js'
import { requireConfig } from '../load-config.js'
import { print, printJson } from '../print.js'

export interface MintOptions {
  readonly config: string
  readonly user?: string
  readonly team?: string
  readonly project?: string
  readonly ttl?: string
  readonly json?: boolean
}

/** Mints a session token, as a backend would. */
export async function mintSession(options: MintOptions): Promise<number> {
  const { checked } = requireConfig(options.config)
  const { session } = checked.config.callers
  const secret = checked.secrets.get('callers.session.secret')
  if (session === undefined || secret === undefined) {
    throw new Failure(
      'The configuration has no callers.session, so no session token would be accepted.\nAdd  callers: { session: { secret: { env: POSTERN_SESSION_SECRET } } }',
    )
  }
  const { config: _config, json, ttl, ...whom } = options
  if (Object.keys(whom).length === 0) throw new Failure('Say for whom: --user, --team or --project.')
  const minter = createSessionMinter({ secret: secret.reveal(), ttl: Math.round(session.ttl / 1000) })
  const minted = await minter.mint({ ...whom, ...(ttl === undefined ? {} : { ttl }) }).catch((error: unknown) => {
    throw error instanceof TypeError ? new Failure(error.message) : error
  })
  if (minted.expiresAt * 1000 - Date.now() > session.maxTtl) {
    throw new Failure(`The token would live longer than callers.session.maxTtl allows, and be refused. Choose a shorter --ttl.`)
  }
  if (json === true) printJson({ token: minted.token, id: minted.id, expires_at: minted.expiresAt })
  else print(minted.token)
  return 0
}
