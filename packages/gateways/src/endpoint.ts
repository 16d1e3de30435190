import type { AnswerFormat } from './answer-format.js'
import type { Pointer } from './pointer.js'

/** An endpoint that the gateway documents. Paths that are not listed are forwarded as `plain`. */
export interface Endpoint {
  readonly methods: readonly string[]
  readonly format: AnswerFormat
  /** Where it is when it does not lie below the base URL: a path in place of the one that base URLs of this dialect end in. */
  readonly path?: `/${string}`
  /** It asks for no key, so none is sent; and the gateway's limit per address does not count it. */
  readonly open?: true
  /** It lists models in the gateway's own way, and clients get a list as the OpenAI API has it. */
  readonly catalogue?: ModelCatalogue
  /** It takes forms or media; every other listed endpoint takes JSON and nothing else. */
  readonly media?: true
  /** Whether it begins a task that ends later, or asks after one; its last path segment is then the task's id. */
  readonly task?: 'begun' | 'asked'
}

/** Where a list of models keeps what OpenAI's says of each. */
export interface ModelCatalogue {
  /** The models. */
  readonly items: Pointer
  readonly id: readonly Pointer[]
  readonly ownedBy: readonly Pointer[]
  /** A number that is 0 exactly where the list is one, in answers whose HTTP status says nothing. */
  readonly failure?: Pointer
}
