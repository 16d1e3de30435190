import {
  checkConfig,
  clearPageHeaders,
  ConfigError,
  type ConfigInput,
  createLogLedger,
  describeProblem,
  type Dialects,
  enter,
  type Runtime,
} from '@postern/core'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { createRuntime, type RuntimeParts } from './create-runtime.js'
import { speakToWrappers } from './heads-of-others.js'
import { settingsWithoutEffect } from './settings-without-effect.js'

/** What is not in the configuration itself. */
export interface PosternOptions extends RuntimeParts {
  /** Where `{ env: NAME }` is looked up. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What `{ file: PATH }` is relative to. Default the working directory. */
  readonly directory?: string
  /** What `gateways.<name>.dialect` may name. Default the built-in dialects; a further gateway is a further record. */
  readonly dialects?: Dialects
}

/** The middleware, and what a process needs to end well. */
export interface PosternMiddleware extends RequestHandler {
  /** Refuses new calls with `draining`; those under way end as they would. */
  drain(): void
  /**
   * Forgets whose the cookies of a request are (`callers.forwardAuth`). Call it where your application signs somebody in, out or
   * over to somebody else: inside of it, Postern does not see those answers, and goes by what it heard for up to `cache`.
   */
  forget(request: Pick<Request, 'headers'>): void
  /** Ends calls that are still under way, at once; their clients are told `cut_shutdown`. For when a drain has taken too long. */
  cut(): void
  /** Waits for calls under way, then closes the connections to the gateway. */
  close(): Promise<void>
}

/**
 * Postern inside an Express application: the same corridor as the stand-alone process.
 *
 * Mount it before any body parser: bodies are forwarded, not re-encoded. It answers every request under its
 * mount path itself, so page security and CORS there are its own. Express says where it is, and is the
 * backend itself: settings that have no effect here, such as `admin` and `shutdown`, are named in the log.
 *
 * @example
 * ```ts
 * const app = express()
 * app.use('/ai', postern(config))
 * ```
 *
 * @throws {ConfigError} with everything that is wrong with the configuration.
 * @throws {TypeError} where it is no object, such as the path of a file.
 */
export function postern(config: ConfigInput, options: PosternOptions = {}): PosternMiddleware {
  if (typeof config !== 'object' || config === null) throw new TypeError(noObject)
  const unsetFix = options.env === undefined ? setVariable : giveVariable
  const places = { env: options.env ?? process.env, directory: options.directory ?? process.cwd(), unsetFix }
  const { checked, problems } = checkConfig(config, places, options.dialects)
  if (checked === undefined) throw new ConfigError(problems.filter(({ severity }) => severity === 'error'))
  const parts = withLog(options)
  const middleware = posternMiddleware(createRuntime(checked, parts))
  for (const warning of [...problems, ...settingsWithoutEffect(config)]) parts.log?.('warn', describeProblem(warning).trim())
  return middleware
}

/** Lines of the process go where entries go by default, as in the sidecar; a ledger of the application's takes entries alone. */
function withLog({ ledger, store, log }: RuntimeParts): RuntimeParts {
  if (ledger !== undefined) return { ledger, store, log }
  const lines = createLogLedger()
  return { ledger: lines, store, log: log ?? ((level, message, facts) => lines.log(level, message, facts)) }
}

function setVariable(name: string): string {
  return `Set ${name}. If it stands in a file .env, start Node with --env-file=.env: the middleware reads none.`
}

function giveVariable(name: string): string {
  return `Put ${name} into the env that postern() is given.`
}

const noObject =
  "postern() takes the configuration as an object, not as a path or a text. Read the file yourself, for example with the package yaml: postern(parse(readFileSync('postern.yaml', 'utf8')))."

/** The middleware over a runtime that exists already. */
export function posternMiddleware(runtime: Runtime): PosternMiddleware {
  const middleware = (request: Request, response: Response, next: NextFunction): void => {
    if (isConsumed(request)) {
      next(new Error('A body parser has read this request already. Mount postern(…) before express.json() and its like.'))
      return
    }
    // Express takes /AI for /ai; the other door does not, and one request must not be two things.
    if (request.baseUrl !== runtime.config.mount && request.baseUrl.toLowerCase() === runtime.config.mount.toLowerCase()) {
      next()
      return
    }
    // Express announces itself unless told not to, and the answers of every door are alike.
    clearPageHeaders(response)
    speakToWrappers(response)
    const target = request.url
    runtime.connections.admit(request, response, () => void enter(runtime, request, response, target))
  }
  return Object.assign(middleware, {
    drain: () => runtime.drain(),
    forget: ({ headers: { cookie } }: Pick<Request, 'headers'>) => {
      if (cookie !== undefined) runtime.cookies?.forget(runtime.cookies.keysOf(cookie))
    },
    cut: () => runtime.cut(),
    close: () => runtime.close(),
  })
}

function isConsumed(request: Request): boolean {
  return request.readableDidRead || (request.body as unknown) !== undefined
}
