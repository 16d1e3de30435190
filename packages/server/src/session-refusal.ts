import { type ErrorCode, type ErrorEnvelope, errorCodes } from '@postern/protocol'

/** The session route refuses a request. Answered with Postern's error codes and in its error envelope. */
export class SessionRefusal extends Error {
  override readonly name = 'SessionRefusal'
  readonly code: ErrorCode
  /** The member or header of the request that it is about. */
  readonly param: string | undefined

  /** @param message Default: the title of the code. */
  constructor(code: ErrorCode, message: string = errorCodes[code].title, param?: string) {
    super(message)
    this.code = code
    this.param = param
  }

  get status(): number {
    return errorCodes[this.code].status
  }

  get envelope(): ErrorEnvelope {
    return { error: { message: this.message, type: errorCodes[this.code].type, code: this.code, param: this.param ?? null } }
  }
}
