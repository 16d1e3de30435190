import { asModelList, type Endpoint, failedCatalogue } from '@postern/gateways'
import { replaceMember } from '../lib/json-members.js'
import type { Route } from '../resolve/route.js'

/** An edit of a JSON answer before the client gets it. Most answers have no edit and pass unchanged. */
export interface AnswerEdit {
  /**
   * Whether the document is an error.
   *
   * @param usual The verdict of the gateway's own error classifier.
   */
  isError(document: unknown, usual: boolean): boolean
  /** The edited answer; `undefined` if the document is not an answer of this endpoint. */
  edit(text: string, document: unknown): string | undefined
}

/** Returns the edit for an endpoint's answers; `undefined`: none. */
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

/** Turns the gateway's own catalogue of models into the list that `openai.models.list()` reads. */
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

/** Replaces the task's id by the id that is sealed for its caller. Other members stay unchanged. */
function sealTask({ task, gateway }: Route): AnswerEdit {
  const members = (gateway.dialect.taskId ?? []).map((pointer) => pointer.slice(1))
  const idIn = (document: unknown): { readonly member: string; readonly id: string } | undefined => {
    const found = members.map((member) => ({ member, id: readId((document as Record<string, unknown> | null)?.[member]) }))
    return found.find((each): each is { member: string; id: string } => each.id !== undefined)
  }
  return {
    // A document with a task's id is a valid answer, even if it says that the task failed.
    isError: (document, usual) => usual && idIn(document) === undefined,
    edit(text, document) {
      const found = idIn(document)
      if (found === undefined) return text
      const sealed = task?.seal(found.id) as string
      const edited = replaceMember(text, found.member, JSON.stringify(sealed))
      // If the member is repeated, a reader takes the last one, which must be the sealed id.
      return (JSON.parse(edited) as Record<string, unknown>)[found.member] === sealed ? edited : undefined
    },
  }
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
