import type { Dispatcher } from '@postern/core'
import type { Secret } from '@postern/ports'

/** Where Vault is, and how Postern proves itself there. */
export interface VaultPlace {
  /** Scheme, host and port, and a path before `/v1` if there is one, without a slash at the end. */
  readonly url: string
  readonly namespace: string | undefined
  readonly token: Secret | undefined
  readonly appRole: { readonly roleId: string | Secret; readonly secretId: Secret; readonly mount: string } | undefined
  /** The origins that may be asked. */
  readonly origins: ReadonlySet<string>
  /** The way to one of {@link origins}. */
  readonly dispatcherFor: (origin: string) => Dispatcher
}
