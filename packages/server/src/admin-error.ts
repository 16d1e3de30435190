/** Thrown if the admin listener refused a request, could not be reached, or did not answer in time. */
export class PosternAdminError extends Error {
  override readonly name = 'PosternAdminError'
  /** HTTP status of the answer; `undefined` if there was none. */
  readonly status: number | undefined
  /**
   * Postern's error code, such as `caller_invalid` for a wrong secret. Without an answer: `admin_unreachable` if there was no
   * connection, so nothing was asked; `admin_timeout` or `admin_failed` if there was one, so what was asked for may be done.
   * `undefined` if what answered is not Postern's admin listener.
   */
  readonly code: string | undefined
  /** `X-Request-ID` of the answer, by which Postern's log knows the request. */
  readonly requestId: string | undefined

  constructor(
    message: string,
    {
      status,
      code,
      requestId,
      cause,
    }: { status?: number | undefined; code?: string | undefined; requestId?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.status = status
    this.code = code
    this.requestId = requestId
  }
}
