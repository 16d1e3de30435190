import { type Dialect, type DialectId, dialectIds, dialects } from '@postern/gateways'
import { WrongUsage } from '../failure.js'
import type { InitChoices } from './init-choices.js'
import { waysOfCalling } from './init-choices.js'
import type { Questions } from './questions.js'
import { readOneOf, readTeam, readUrl } from './read-choice.js'

/** The options of `postern init`, as they were written. */
export interface InitOptions {
  readonly gateway?: string
  readonly dialect?: string
  readonly baseUrl?: string
  readonly team?: string
  readonly callers?: string
  readonly cookieOwner?: string
  readonly port: number
  readonly emulated?: boolean
}

/** The port of the gateway that is emulated. */
const emulatedPort = 8790

const defaultTeam = 'main'
const defaultCookieOwner = 'http://127.0.0.1:3000/api/me'

const wordsOfCalling = `How callers prove who they are:
  service  servers and agents, with a credential that Postern makes
  session  pages, with sessions that your backend mints
  cookie   pages, with the cookie of your backend, which Postern asks whose it is
callers`

/**
 * Decides what a new configuration is made from. A choice that is not among the options is asked for; without a person to ask, it is the default.
 *
 * @param questions Asks the person at the terminal; `undefined`: there is none, and the options must name the gateway.
 * @throws {WrongUsage} if an option cannot be used, or the gateway is missing.
 */
export async function choose(options: InitOptions, questions: Questions | undefined): Promise<InitChoices> {
  const decide = <Answer>(written: string | undefined, text: string, unset: string | undefined, read: (answer: string) => Answer) => {
    if (written !== undefined) return read(written)
    if (questions !== undefined) return questions.ask({ text, unset, read })
    if (unset === undefined) throw new WrongUsage(`Say which gateway: --gateway ${dialectIds.join(' | ')}.`)
    return read(unset)
  }
  const { port, emulated = false } = options
  const dialect = await decide(options.gateway ?? options.dialect, `Gateway (${dialectIds.join(', ')})`, undefined, (answer) =>
    readOneOf('gateway', dialectIds, answer),
  )
  const baseURL = emulated ? addressOfEmulated(dialect) : await decideBaseURL(dialect)
  const team = await decide(options.team, 'The team that its key is for', defaultTeam, readTeam)
  const callers = await decide(options.callers, wordsOfCalling, 'service', (answer) => readOneOf('way of calling', waysOfCalling, answer))
  const cookieOwner =
    callers === 'cookie'
      ? await decide(options.cookieOwner, 'Where your backend says whose a cookie is', defaultCookieOwner, readUrl)
      : defaultCookieOwner
  return { dialect, baseURL, team, callers, cookieOwner, port, emulated }

  function decideBaseURL(id: DialectId): string | Promise<string> {
    const { baseURL: usual }: Dialect = dialects[id]
    if (usual === undefined && options.baseUrl === undefined && questions === undefined)
      throw new WrongUsage(`The dialect ${id} has no address of its own. Say where the API is, /v1 included: --base-url URL.`)
    return decide(options.baseUrl, 'Where its API is, /v1 included', usual, readUrl)
  }
}

/** The URL at which `postern emulate` answers: with the path of the gateway's own API. */
function addressOfEmulated(id: DialectId): string {
  const { baseURL }: Dialect = dialects[id]
  if (baseURL === undefined) throw new WrongUsage(`There is no emulated ${id}. Name a gateway of the others, or leave --emulated out.`)
  return `http://127.0.0.1:${emulatedPort}${new URL(baseURL).pathname}`
}
