/** Postern gave no session; its own answer says why, and is the answer to whatever needed the session. */
export class SessionRefused extends Error {
  readonly #answer: Response

  constructor(answer: Response) {
    super(`There is no session for this user: ${answer.status}.`)
    this.#answer = answer
  }

  /** A copy for each of those who waited for the session. */
  answer(): Response {
    return this.#answer.clone()
  }
}
