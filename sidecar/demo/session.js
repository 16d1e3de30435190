/** A token with less time left is renewed before it is used. */
const leastSecondsLeft = 30

/** @type {Map<string, { token: string, model: string, expires_at: number }>} */
const sessions = new Map()

/** The backend gave no session token; `response` says why. */
export class SessionRefused extends Error {
  /** @param {Response} response */
  constructor(response) {
    super('No session token was given.')
    this.response = response
  }
}

/**
 * The session token of a person, kept in memory only. It says who is calling; it is not a gateway key.
 *
 * @param {string} person
 * @param {AbortSignal} signal
 * @returns {Promise<{ token: string, model: string }>} The token, and the model that the demo's gateway answers for.
 */
export async function openSession(person, signal) {
  const known = sessions.get(person)
  if (known !== undefined && secondsLeft(person) >= leastSecondsLeft) return known
  const response = await fetch('demo/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ person }),
    signal,
  })
  if (!response.ok) throw new SessionRefused(response)
  const session = await response.json()
  sessions.set(person, session)
  return session
}

/**
 * Drops a token that was not accepted.
 *
 * @param {string} person
 */
export function forgetSession(person) {
  sessions.delete(person)
}

/**
 * How long the token of a person is still valid; `undefined` where there is none.
 *
 * @param {string} person
 * @returns {number | undefined}
 */
export function secondsLeft(person) {
  const session = sessions.get(person)
  return session === undefined ? undefined : Math.max(0, Math.floor(session.expires_at - Date.now() / 1000))
}
