import type { AnswerFormat } from './answer-format.js'
import type { Pointer } from './pointer.js'

/** An endpoint that the gateway documents, or that an operator opens. A path that is neither is closed. */
export interface Endpoint {
  readonly methods: readonly string[]
  readonly format: AnswerFormat
  /**
   * Where a request names its model. `path`: in the segment `{model}`. `stored`: in something that is stored at the
   * provider, where nobody here can read it. `none`: no model runs.
   */
  readonly model: 'body' | 'query' | 'path' | 'stored' | 'none'
  /** A model runs, and its answer has no length in tokens, such as an embedding: a ceiling has nothing to bound. */
  readonly ceiling?: 'none' | undefined
  /** What it does with something that stays at the provider, where whoever holds the key finds it. */
  readonly object?: StoredObject | undefined
  /** Where it is when it does not lie below the base URL: a path in place of the one that base URLs of this dialect end in. */
  readonly path?: `/${string}`
  /** It asks for no key of a GET, so none is sent; and the gateway's limit per address does not count it. */
  readonly open?: true
  /** It lists models in the gateway's own way, and clients get a list as the OpenAI API has it. */
  readonly catalogue?: ModelCatalogue
  /** It takes forms or media; every other endpoint takes JSON and nothing else. */
  readonly media?: boolean | undefined
  /** Whether it begins a task that ends later, or asks after one; its last path segment is then the task's id. */
  readonly task?: 'begun' | 'asked'
}

/** What an endpoint does with something that stays at the provider. */
export interface StoredObject {
  /** `file`, `response`, `thread`: what a path or body calls by an id. */
  readonly kind: string
  /** `names`: it reads or changes one, or what lies below one. */
  readonly role: 'creates' | 'names' | 'lists' | 'deletes'
}

/**
 * Endpoints by their path below the base URL, without a leading slash. A segment in braces, `{id}`, stands for any one
 * segment. A path whose methods differ in more than their name has one entry for each kind.
 */
export type Endpoints = Readonly<Record<string, Endpoint | readonly Endpoint[]>>

/** Where a list of models keeps what OpenAI's says of each. */
export interface ModelCatalogue {
  /** The models. */
  readonly items: Pointer
  readonly id: readonly Pointer[]
  readonly ownedBy: readonly Pointer[]
  /** A number that is 0 exactly where the list is one, in answers whose HTTP status says nothing. */
  readonly failure?: Pointer
}
