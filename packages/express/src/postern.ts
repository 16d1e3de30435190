import { checkConfig, type CheckedConfig, ConfigError, type ConfigInput, describeProblem } from '@postern/config'
import {
  type Change,
  clearPageHeaders,
  createLogLedger,
  currentRuntime,
  enter,
  originForm,
  type Runtime,
  type Serving,
} from '@postern/instance'
import type { Dialects } from '@postern/gateways'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { openInstance, type RuntimeParts } from './create-runtime.js'
import { speakToWrappers } from './heads-of-others.js'
import { settingsWithoutEffect, storeInstead } from './settings-without-effect.js'

/** Options beside the configuration. */
export interface PosternOptions extends RuntimeParts {
  /** The variables that `{ env: NAME }` names. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The folder that a relative `{ file: PATH }` begins at. Default: the working directory. */
  readonly directory?: string
  /** The dialects that `gateways.<name>.dialect` may name. Default: the built-in ones. Add one for a further gateway. */
  readonly dialects?: Dialects
}

/** The middleware, and the methods that a process needs for its shutdown. */
export interface PosternMiddleware extends RequestHandler {
  /** Refuses new calls with `draining`; calls under way continue. */
  drain(): void
  /**
   * Forgets which user the cookies of a request belong to (`callers.forwardAuth`). Call it if your application signs
   * a user in or out, or switches to another user: Postern does not see those answers, and would use what it learned
   * before for up to `cache`.
   */
  forget(request: Pick<Request, 'headers'>): void
  /** Ends all calls under way at once; their clients are told `cut_shutdown`. For a drain that takes too long. */
  cut(): void
  /**
   * Refuses new calls, waits for calls under way, then closes the connections to the gateway and the store, and
   * writes the ledger out. May reject with an error of the ledger or the store.
   */
  close(): Promise<void>
}

/** The middleware of {@link postern}, whose configuration can be replaced. */
export interface ReplaceableMiddleware extends PosternMiddleware {
  /**
   * Takes another configuration, whole or not at all: calls that begin from now on are served with it, those under way end as
   * they began. Secrets are read anew.
   *
   * @returns What is different now.
   * @throws {ConfigError} with every error of the configuration; then nothing has changed. `store` and `replicas` cannot
   *   change.
   * @throws {TypeError} if `config` is not an object.
   */
  replace(config: ConfigInput): readonly Change[]
}

/**
 * Postern inside an Express application: the same corridor as the stand-alone process.
 *
 * Mount it before any body parser: bodies are forwarded, not re-encoded. It answers every request under its mount
 * path itself, so page security and CORS there are its own. `app.use` gives the path, and the application is the
 * backend: settings without effect here, such as `admin` and `shutdown`, are named in the log.
 *
 * @throws {ConfigError} with every error of the configuration.
 * @throws {TypeError} if `config` is not an object, such as the path of a file.
 *
 * @example
 * ```ts
 * const app = express()
 * app.use('/ai', postern(config))
 * ```
 */
export function postern(config: ConfigInput, options: PosternOptions = {}): ReplaceableMiddleware {
  const parts = withLog(options)
  const { checked, warn } = readConfig(config, options, parts.log)
  const instance = openInstance(checked, parts)
  warn()
  for (const warning of storeInstead(checked, options.store?.scope)) parts.log?.('warn', describeProblem(warning).trim())
  const replace = (next: ConfigInput): readonly Change[] => {
    const read = readConfig(next, options, parts.log)
    const changes = instance.replace(read.checked)
    read.warn()
    return changes
  }
  return Object.assign(posternMiddleware(instance), { replace })
}

interface ReadConfig {
  readonly checked: CheckedConfig
  /** Writes the warnings to the log. */
  readonly warn: () => void
}

/** Checks a configuration, and reads its secrets. */
function readConfig(config: ConfigInput, options: PosternOptions, log: RuntimeParts['log']): ReadConfig {
  if (typeof config !== 'object' || config === null) throw new TypeError(noObject)
  const unsetFix = options.env === undefined ? setVariable : giveVariable
  const places = { env: options.env ?? process.env, directory: options.directory ?? process.cwd(), unsetFix }
  const { checked, problems } = checkConfig(config, places, options.dialects)
  if (checked === undefined) throw new ConfigError(problems.filter(({ severity }) => severity === 'error'))
  const warn = (): void => {
    for (const warning of [...problems, ...settingsWithoutEffect(config)]) log?.('warn', describeProblem(warning).trim())
  }
  return { checked, warn }
}

/** Lines of the process go where entries go by default, as in the sidecar; a ledger of the application's takes entries alone. */
function withLog(parts: RuntimeParts): RuntimeParts {
  const { ledger, log } = parts
  if (ledger !== undefined) return parts
  const lines = createLogLedger()
  return { ...parts, ledger: lines, log: log ?? ((level, message, facts) => lines.log(level, message, facts)) }
}

function setVariable(name: string): string {
  return `Set ${name}. If it stands in a file .env, start Node with --env-file=.env: the middleware reads none.`
}

function giveVariable(name: string): string {
  return `Put ${name} into the env that postern() is given.`
}

const noObject =
  "postern() takes the configuration as an object, not as a path or a text. Read the file yourself, for example with the package yaml: postern(parse(readFileSync('postern.yaml', 'utf8')))."

/** What {@link posternMiddleware} needs to stop: an instance, or a runtime alone. */
type Stoppable = Pick<Runtime, 'drain' | 'cut' | 'close'>

/** The middleware over an instance or runtime that exists already, such as one of {@link openInstance}. */
export function posternMiddleware(instance: Serving & Stoppable): PosternMiddleware {
  const middleware = (request: Request, response: Response, next: NextFunction): void => {
    if (isConsumed(request)) {
      next(new Error('A body parser has read this request already. Mount postern(…) before express.json() and its like.'))
      return
    }
    if (request.readableEncoding !== null) {
      next(new Error('request.setEncoding(…) was called, and Postern forwards bytes, not text. Mount postern(…) before what calls it.'))
      return
    }
    // Express accepts `/AI` for `/ai`; the stand-alone process does not. Skip such a request, so that both treat it
    // alike.
    const { mount } = currentRuntime(instance).config
    if (request.baseUrl !== mount && request.baseUrl.toLowerCase() === mount.toLowerCase()) {
      next()
      return
    }
    // Express adds `X-Powered-By` unless told not to; the answers of every door are alike.
    clearPageHeaders(response)
    speakToWrappers(response)
    takeOriginForm(request)
    const target = targetBelow(request)
    currentRuntime(instance).connections.admit(request, response, () => {
      enter(instance, request, response, target)?.catch((error: unknown) => handOn(error, response, next))
    })
  }
  return Object.assign(middleware, {
    drain: () => instance.drain(),
    forget: ({ headers: { cookie } }: Pick<Request, 'headers'>) => {
      const { cookies } = currentRuntime(instance)
      if (cookie !== undefined) cookies?.forget(cookies.keysOf(cookie))
    },
    cut: () => instance.cut(),
    close: () => instance.close(),
  })
}

/**
 * Hands on what a middleware in front threw when Postern wrote the head, as the route of an application would. What stands in
 * for `writeHead` is removed before: it would throw again at the answer of the application's error handler.
 */
function handOn(error: unknown, response: Response, next: NextFunction): void {
  Reflect.deleteProperty(response, 'writeHead')
  try {
    next(error)
  } catch {
    response.destroy()
  }
}

/** Makes paths of the targets of a request that names the whole URL, as the stand-alone process does. */
function takeOriginForm(request: Request): void {
  if (request.originalUrl.startsWith('/')) return
  const { host } = request.headers
  const [whole, below] = [request.originalUrl, request.url].map((target) => originForm(target, host))
  if (whole === undefined || below === undefined) return
  request.originalUrl = whole
  request.url = below
}

/** The target below the mount as the client wrote it: Express 4 takes further slashes behind the mount away, and the stand-alone process refuses them. */
function targetBelow({ originalUrl, baseUrl, url }: Request): string {
  const written = originalUrl.slice(baseUrl.length)
  // An application may have rewritten `url`.
  return originalUrl.startsWith(baseUrl) && written.endsWith(url) ? written : url
}

function isConsumed(request: Request): boolean {
  return request.readableDidRead || (request.body as unknown) !== undefined
}
