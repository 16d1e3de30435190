import { asModelList, type Endpoint, failedCatalogue } from '@postern/gateways'
import { replaceMember } from '../lib/json-members.js'
import type { Route } from '../resolve/route.js'

/** What is changed in a JSON answer before the client gets it. Most answers have no edit: they pass as they came. */
export interface AnswerEdit {
  /**
   * Whether the document says that it failed.
   *
   * @param usual Whether it does so in the way of every other answer of the gateway.
   */
  isError(document: unknown, usual: boolean): boolean
  /** The answer as the client gets it; `undefined` where the document is not what the endpoint answers with. */
  edit(text: string, document: unknown): string | undefined
}

/** Says what is changed in the answers of an endpoint. */
export function createAnswerEdits(): (route: Route) => AnswerEdit | undefined {
  const lists = new Map<Endpoint, AnswerEdit>()
  return (route) => {
    const { endpoint } = route
    if (endpoint.catalogue === undefined) return endpoint.task === undefined ? undefined : sealTask(route)
    let list = lists.get(endpoint)
    if (list === undefined) lists.set(endpoint, (list = listModels(endpoint.catalogue)))
    return list
  }
}

/** A catalogue of the gateway's own becomes the list that `openai.models.list()` reads. */
function listModels(catalogue: NonNullable<Endpoint['catalogue']>): AnswerEdit {
  const toList = asModelList(catalogue)
  const isFailed = failedCatalogue(catalogue)
  return {
    isError: (document, usual) => usual || isFailed(document),
    edit(_, document) {
      const list = toList(document)
      return list === undefined ? undefined : JSON.stringify(list)
    },
  }
}

/** The id of a task goes out with its caller's seal; whatever else names the task stays as the gateway wrote it. */
function sealTask({ task, gateway }: Route): AnswerEdit {
  const members = (gateway.dialect.taskId ?? []).map((pointer) => pointer.slice(1))
  const idIn = (document: unknown): { readonly member: string; readonly id: string } | undefined => {
    const found = members.map((member) => ({ member, id: readId((document as Record<string, unknown> | null)?.[member]) }))
    return found.find((each): each is { member: string; id: string } => each.id !== undefined)
  }
  return {
    // A task that failed says so in an answer with its id; that is no failure of the asking, nor of the beginning.
    isError: (document, usual) => usual && idIn(document) === undefined,
    edit(text, document) {
      const found = idIn(document)
      if (found === undefined) return text
      const sealed = task?.seal(found.id) as string
      const edited = replaceMember(text, found.member, JSON.stringify(sealed))
      // Where a member stands twice, a reader takes the last; what it reads must be the seal.
      return (JSON.parse(edited) as Record<string, unknown>)[found.member] === sealed ? edited : undefined
    },
  }
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
