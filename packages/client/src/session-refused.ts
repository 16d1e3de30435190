/** Postern gave no session; its own answer says why, and is the answer to whatever needed the session. */
export class SessionRefused extends Error {
  /** To be cloned by each of those who waited for the session. */
  readonly answer: Response

  constructor(answer: Response) {
    super()
    this.answer = answer
  }
}
