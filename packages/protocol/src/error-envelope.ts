import { type ErrorCode, errorCodes } from './error-codes.js'

/** The error body of the OpenAI API: the form of every error that Postern sends. */
export interface ErrorEnvelope {
  readonly error: {
    readonly message: string
    readonly type: unknown
    /**
     * An {@link ErrorCode}. If the gateway finds the request wrong: the gateway's own code, a text, a number or
     * `null`.
     */
    readonly code: unknown
    readonly param: unknown
    /** Further members of the gateway's error about a wrong request. */
    readonly [further: string]: unknown
  }
}

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
