/** Postern refused `POST /session`. Its answer becomes the answer to each call that needed the session. */
export class SessionRefused extends Error {
  /** Several calls may have waited for the session: each must clone it. */
  readonly answer: Response

  constructor(answer: Response) {
    super()
    this.answer = answer
  }
}
