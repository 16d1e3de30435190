import { request } from 'node:http'
import { Failure } from '../failure.js'
import type { Place } from '../listen.js'

/** What the admin listener answered. */
export interface AdminAnswer {
  readonly status: number
  readonly text: string
}

/** A question to the admin listener. */
export interface AdminQuestion {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The credential to present; `undefined`: none. */
  readonly credential?: string | undefined
  /** How long the running process may take to answer, in milliseconds. */
  readonly timeoutMs: number
  /** JSON. Default: none. */
  readonly body?: string | undefined
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

/** The message of an error of the admin listener; `undefined`: the text is not such an error. */
export function messageOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } }
    return typeof error?.message === 'string' ? error.message : undefined
  } catch {
    return undefined
  }
}

/**
 * Asks the running sidecar at its admin listener.
 *
 * @throws {Failure} if it cannot be asked, or its answer breaks off.
 */
export function askAdmin(place: Place, { method, path, credential, timeoutMs, body = '' }: AdminQuestion): Promise<AdminAnswer> {
  const where = 'socket' in place ? { socketPath: place.socket } : { host: place.host, port: place.port }
  const headers = {
    Host: 'localhost',
    'Content-Length': Buffer.byteLength(body),
    ...(credential === undefined ? {} : { Authorization: `Bearer ${credential}` }),
  }
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, method, path, timeout: timeoutMs, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (text += piece))
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
