/** Why the admin listener did not do what it was asked for. */
export class PosternAdminError extends Error {
  override readonly name = 'PosternAdminError'
  /** Of the answer; `undefined` where there was none. */
  readonly status: number | undefined
  /** Postern's code of the refusal, such as `caller_invalid` for a wrong secret; `undefined` where there was none. */
  readonly code: string | undefined
  /** By which Postern's log knows the request. */
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
