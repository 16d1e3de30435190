import type { Proxy } from '@postern/ports'
import { plainFailure } from '../lib/plain-failure.js'

/** A proxy that could not be reached, or refused. Its message names the proxy and nothing else of the variable, which may hold a password. */
export class ProxyFailure extends Error {
  readonly code: string
  /** As in errors of the system: `connect` says that nothing was sent. */
  readonly syscall: string | undefined

  private constructor(message: string, code: string, syscall?: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.syscall = syscall
  }

  static unreachable(proxy: Proxy, error: Error): ProxyFailure {
    const first = firstOf(error)
    const { code = 'ERR_PROXY_UNREACHABLE', syscall } = first as { code?: string; syscall?: string }
    const why = plainFailure(first) ?? first.message
    return new ProxyFailure(`${placeOf(proxy)} cannot be used: ${why}`, code, syscall, { cause: error })
  }

  static refused(proxy: Proxy, status: number | undefined): ProxyFailure {
    return new ProxyFailure(`${placeOf(proxy)} answered ${status}.${status === 407 ? credentialFix(proxy) : ''}`, 'ERR_PROXY_REFUSED')
  }
}

function placeOf({ variable, host, port }: Proxy): string {
  return `the proxy of ${variable}, ${host.includes(':') ? `[${host}]` : host}:${port},`
}

function credentialFix({ variable, headers }: Proxy): string {
  return 'proxy-authorization' in headers()
    ? ` It does not take the user and password that stand in ${variable}. Correct them; escape characters such as @ and : in them, as in %40.`
    : ` It wants to know who asks. Write user:password@ before the host in ${variable}: http://user:password@proxy.example.com:3128.`
}

/** Several addresses were tried: the first speaks for them. */
function firstOf(error: Error): Error {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return first instanceof Error ? first : error
}
