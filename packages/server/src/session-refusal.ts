import { type ErrorCode, type ErrorEnvelope, errorCodes, errorEnvelope, headerNames } from '@postern/protocol'

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
    return errorEnvelope(this.code, { message: this.message, param: this.param })
  }

  /** The headers of the answer that every refusal of Postern has, wherever it comes from. */
  get headers(): Readonly<Record<string, string>> {
    const { retryable } = errorCodes[this.code]
    return { [headerNames.refusal]: this.code, ...(retryable ? {} : { [headerNames.shouldRetry]: 'false' }) }
  }
}
