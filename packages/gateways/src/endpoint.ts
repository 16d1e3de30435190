import type { AnswerFormat } from './answer-format.js'
import type { Pointer } from './pointer.js'
import type { StoredObject } from './stored-object.js'

/** An endpoint that the gateway documents, or that an operator opens. All other paths are closed. */
export interface Endpoint {
  readonly methods: readonly string[]
  readonly format: AnswerFormat
  /**
   * Where a request names its model. `path`: in the segment `{model}`. `stored`: in an object at the provider, which
   * Postern cannot read. `none`: it names none; whether it costs, `costs` says.
   */
  readonly model: 'body' | 'query' | 'path' | 'stored' | 'none'
  /**
   * `nothing`: the provider bills nothing for a call of it, and no model runs or goes on because of it. Stated for what only reads,
   * deletes or cancels, and for writes that are documented so. Not stated: it costs, and unless its model and the length of its answer
   * bound that, a limit of money or tokens refuses it or sets aside a `perCall`.
   */
  readonly costs?: 'nothing' | undefined
  /** `none`: a model runs, but its answer has no length in tokens, such as an embedding; `maxTokens` does not apply. */
  readonly ceiling?: 'none' | undefined
  /** What it does with an object that stays at the gateway; `undefined`: nothing that it makes or reads stays there. */
  readonly object?: StoredObject | undefined
  /** Its path, if it does not lie below the base URL: replaces the path in which base URLs of this dialect end. */
  readonly path?: `/${string}`
  /** The gateway asks for no key on a GET, so none is sent; and such calls do not count for `addressLimit`. */
  readonly open?: true
  /** It lists models in the gateway's own form; clients get the form of the OpenAI API. */
  readonly catalogue?: ModelCatalogue
  /** Its answer may be a stream that the request does not ask for. */
  readonly streams?: boolean | undefined
  /** It accepts forms or media; every other endpoint accepts JSON only. */
  readonly media?: boolean | undefined
}

/**
 * Endpoints by their path below the base URL, without a leading slash. A segment in braces, `{id}`, stands for any
 * one segment. If the methods of a path differ in more than their name, the path has one entry for each kind.
 */
export type Endpoints = Readonly<Record<string, Endpoint | readonly Endpoint[]>>

/** The endpoints of one path. */
export function endpointsOf(entry: Endpoints[string]): readonly Endpoint[] {
  return 'methods' in entry ? [entry] : entry
}

/** Where a gateway's list of models keeps the members of OpenAI's list. */
export interface ModelCatalogue {
  /** The models. */
  readonly items: Pointer
  readonly id: readonly Pointer[]
  readonly ownedBy: readonly Pointer[]
  /** For answers whose HTTP status is always a success: a number that is 0 only if the list is there. */
  readonly failure?: Pointer
}
