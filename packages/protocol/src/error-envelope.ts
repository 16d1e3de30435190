import { type ErrorCode, type ErrorEnvelope, errorCodes } from './error-codes.js'

/** What an envelope says besides its code. */
export interface ErrorSaid {
  readonly message: string
  /** The header, query parameter or body member that the error is about. Default: none. */
  readonly param?: string | undefined
  /** Default: the status of the code. A gateway's own status may differ from it. */
  readonly status?: number
}

/** The body of every error, in the shape that the `openai` client reads. */
export function errorEnvelope(code: ErrorCode, { message, param, status = errorCodes[code].status }: ErrorSaid): ErrorEnvelope {
  const type = status === 404 ? 'not_found_error' : errorCodes[code].type
  return { error: { message, type, code, param: param ?? null } }
}
