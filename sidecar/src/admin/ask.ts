import { request } from 'node:http'
import type { AdminRole } from '@postern/config'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'
import type { Place } from '../listen.js'
import { missingCredential } from './missing-credential.js'

/** What the admin listener answered. */
export interface AdminAnswer {
  readonly status: number
  readonly text: string
}

/** A question to the admin listener. */
export interface AdminQuestion {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** The credential to present; `undefined`: none. */
  readonly credential?: string | undefined
  /** How long the running process may take to answer, in milliseconds. */
  readonly timeoutMs: number
  /** JSON. Default: none. */
  readonly body?: string | undefined
  /** How large the answer may be, in bytes. Default: of any size. */
  readonly maxBytes?: number
}

/** The variable in which a command finds the credential that it presents to the admin listener. */
export const credentialVariable = 'POSTERN_ADMIN_CREDENTIAL'

/**
 * The named credential that a command presents: the process's variable, or else that of `.env`.
 *
 * @throws {Failure} if no header can hold it.
 */
export function givenCredential(dotenv: Readonly<Record<string, string>>): string | undefined {
  const given = process.env[credentialVariable] ?? dotenv[credentialVariable]
  if (given === undefined || given === '') return undefined
  if (!/^[\x21-\x7e]+$/.test(given))
    throw new Failure(`${credentialVariable} holds something other than visible characters without spaces.`)
  return given
}

/**
 * Says to a person at a command why the admin listener refused, and what to do. The listener's own words on credentials are for programs
 * that send requests.
 *
 * @param role The role that the question needs.
 */
export function describeRefused({ status, text }: AdminAnswer, role: AdminRole): string {
  const { code, message } = errorIn(text)
  if (message === undefined) return `The answer is not one of Postern's admin listener: its status was ${status}.`
  const give = `${credentialVariable}, in the environment or in .env beside the configuration, holds a credential of admin.credentials with the role "${role}", or admin.secret`
  // The listener appends its help.
  if (message.startsWith(missingCredential.message)) return `It asks for a credential. See that ${give}.`
  if (code === 'caller_invalid')
    return `It does not know the credential. See that ${give}. If it was changed a moment ago, the sidecar has the one from before: send it SIGHUP (kill -HUP <pid>).`
  if (code === 'endpoint_not_allowed') return `${message} See that ${give}.`
  return message
}

function errorIn(text: string): { readonly code?: string; readonly message?: string } {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly code?: unknown; readonly message?: unknown } }
    const [code, message] = [error?.code, error?.message]
    return { ...(typeof code === 'string' ? { code } : {}), ...(typeof message === 'string' ? { message } : {}) }
  } catch {
    return {}
  }
}

/**
 * Asks the running sidecar at its admin listener.
 *
 * @throws {Failure} if it cannot be asked, or its answer breaks off.
 */
export function askAdmin(
  place: Place,
  { method, path, credential, timeoutMs, body = '', maxBytes = Infinity }: AdminQuestion,
): Promise<AdminAnswer> {
  const where = 'socket' in place ? { socketPath: place.socket } : { host: place.host, port: place.port }
  const headers = {
    Host: 'localhost',
    'Content-Length': Buffer.byteLength(body),
    ...(credential === undefined ? {} : { Authorization: `Bearer ${credential}` }),
  }
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, method, path, timeout: timeoutMs, headers }, (response) => {
      let text = ''
      let bytes = 0
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
        bytes += Buffer.byteLength(piece)
        if (bytes <= maxBytes) return
        response.destroy()
        reject(new Failure(`The answer is larger than ${countOf(maxBytes, 'byte')}. Ask for a shorter time, or for less at once.`))
      })
      response.on('end', () => resolve({ status: response.statusCode as number, text }))
      response.on('error', ({ message }) => reject(new Failure(`The sidecar's answer broke off: ${message}. Its log says what it took.`)))
    })
    asked.on('timeout', () => asked.destroy(new Error('it does not answer')))
    asked.on('error', ({ message }) => {
      const at = 'socket' in place ? place.socket : `${place.host}:${place.port}`
      reject(
        new Failure(
          `The sidecar cannot be asked at ${at}: ${message}. Start it with this configuration first. If admin itself has changed: that cannot change while Postern runs.`,
        ),
      )
    })
    asked.end(body)
  })
}
