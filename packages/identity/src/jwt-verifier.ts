import { decodeJwt, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { isNumericDate } from '@postern/core'
import { type Principal, Refusal } from '@postern/ports'
import { tokenType } from '@postern/protocol'
import { type ClaimPath, readClaim } from './claim-path.js'
import { kindOfJwt } from './jwt-form.js'
import { readProofKey } from './proof-key.js'
import { rememberVerified } from './remember-verified.js'
import { refuseToken } from './refuse-token.js'
import { tokenClaims } from './token-claims.js'
import { isFromAuthorization, type Verifier } from './verifier.js'

/** An identity provider whose tokens are accepted. */
export interface JwtIssuer {
  /** The claim `iss` of its tokens, exactly. */
  readonly issuer: string
  /** The claim `aud` of its tokens must have one of these. */
  readonly audience: readonly string[]
  /** Its key set (RFC 7517, 5). */
  readonly keys: JWTVerifyGetKey
  readonly algorithms: readonly string[]
  /** The accepted values of `typ`, lower-case, without `application/`. A token without `typ` counts as `jwt`. */
  readonly types: readonly string[]
  /** The claims with the names of user, team and project. No other claim is used for the principal's names. */
  readonly claims: { readonly user: ClaimPath; readonly team?: ClaimPath | undefined; readonly project?: ClaimPath | undefined }
  /** The teams that its tokens may name; `undefined`: any. */
  readonly teams?: readonly string[] | undefined
  /** How far its clock may differ from ours, in milliseconds. */
  readonly clockSkewMs: number
}

/** The longest token that is verified, in characters: as much as Node's default allows for the whole head of a request. */
const maxTokenChars = 16_384

/** Makes the verifier for JWTs of the customer's identity providers (RFC 7519). The checks follow RFC 8725. */
export function createJwtVerifier(issuers: readonly JwtIssuer[]): Verifier {
  const known = new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
  const verify = rememberVerified(async (token) => {
    const issuer = known.get(issuerOf(token) ?? '')
    if (issuer === undefined) throw new Refusal('caller_invalid', { message: 'The token is of an issuer that is not configured.' })
    const payload = await verifySignature(token, issuer)
    return { principal: readPrincipal(payload, tokenClaims(token), issuer), goodUntil: (payload.exp as number) * 1000 + issuer.clockSkewMs }
  })

  return {
    via: 'jwt',
    recognises: (credential) => isFromAuthorization(credential) && kindOfJwt(credential.text) === 'other',
    verify({ text: token }) {
      if (token.length > maxTokenChars) throw new Refusal('caller_invalid')
      return verify(token)
    },
  }
}

/** Read before the signature is checked, only to choose the keys that check it. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

async function verifySignature(token: string, { issuer, audience, algorithms, types, clockSkewMs, keys }: JwtIssuer): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      clockTolerance: clockSkewMs / 1000,
      requiredClaims: ['exp'],
    })
    const { typ = 'JWT' } = protectedHeader as { readonly typ?: unknown }
    const type = tokenType(typ)
    if (type === undefined || !types.includes(type))
      throw new Refusal('caller_invalid', { message: 'The token is of a kind that is not taken.' })
    if (!isNumericDate(payload.exp)) throw new Refusal('caller_invalid', { message: 'The claim "exp" of the token is no date.' })
    return payload
  } catch (error) {
    throw refuseToken(error, 'provider')
  }
}

function readPrincipal(payload: JWTPayload, said: object, { claims, teams }: JwtIssuer): Principal {
  const user = readClaim(said, claims.user)
  if (user === undefined) throw new Refusal('caller_invalid', { message: `The token has no claim "${claims.user.join('.')}".` })
  const team = claims.team === undefined ? undefined : readClaim(said, claims.team)
  if (teams !== undefined && (team === undefined || !teams.includes(team))) {
    throw new Refusal('caller_invalid', { message: 'The issuer of the token does not speak for this team.' })
  }
  return {
    user,
    team,
    project: claims.project === undefined ? undefined : readClaim(said, claims.project),
    via: 'jwt',
    caller: typeof payload.jti === 'string' && /^[\x21-\x7e]{1,64}$/.test(payload.jti) ? `jwt:${payload.jti}` : 'jwt',
    delegate: false,
    expiresAt: (payload.exp as number) * 1000,
    jkt: readProofKey(payload),
  }
}
