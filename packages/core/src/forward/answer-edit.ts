import { asModelList, compilePointer, type Endpoint, failedCatalogue, readText } from '@postern/gateways'
import { setMember } from '../edit-json.js'
import type { Route } from '../resolve/route.js'

/** What is changed in a JSON answer before the client gets it. Most answers have no edit: they pass as they came. */
export interface AnswerEdit {
  /** Whether the document says that it failed, in a way of its own. */
  isError(document: unknown): boolean
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
    isError: isFailed,
    edit(_, document) {
      const list = toList(document)
      return list === undefined ? undefined : JSON.stringify(list)
    },
  }
}

/** The id of a task goes out with its caller's seal; whatever else names the task stays as the gateway wrote it. */
function sealTask({ task, gateway }: Route): AnswerEdit {
  const pointer = gateway.dialect.taskId as `/${string}`
  const place = compilePointer(pointer)
  return {
    isError: () => false,
    edit(text, document) {
      const id = readText(document, place)
      return id === undefined ? text : setMember(text, pointer.slice(1).split('/'), task?.seal(id) as string)
    },
  }
}
