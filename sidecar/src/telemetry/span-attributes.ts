import type { Attributes } from '@opentelemetry/api'
import type { LedgerEntry } from '@postern/ports'

/** The operations of the well-known endpoints, by the gen_ai conventions. Other paths may hold any text of a client, and name no span. */
const operations: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'text_completion',
  '/v1/embeddings': 'embeddings',
  '/v1/messages': 'chat',
  '/v1/responses': 'chat',
}

/** The name of a call's span: `POST /v1/chat/completions`; for a path that is not well known, the method alone. */
export function nameOfCall({ method, path }: LedgerEntry): string {
  return Object.hasOwn(operations, path) ? `${method} ${path}` : method
}

/** The name of an attempt's span: `chat gpt-5`, or the part that is known. */
export function nameOfAttempt({ path, model_requested: model }: LedgerEntry): string {
  const operation = operationOf(path) ?? 'attempt'
  return model === undefined ? operation : `${operation} ${model}`
}

function operationOf(path: string): string | undefined {
  return Object.hasOwn(operations, path) ? operations[path] : undefined
}

/** The attributes of a call's span: those of the HTTP conventions, and `postern.…`. They hold neither users nor content. */
export function attributesOfCall(entry: LedgerEntry): Attributes {
  return defined({
    'http.request.method': entry.method,
    'http.response.status_code': entry.status,
    'http.route': Object.hasOwn(operations, entry.path) ? entry.path : undefined,
    'url.path': entry.path,
    'error.type': entry.code,
    'postern.request_id': entry.request_id,
    'postern.workflow': entry.workflow,
    'postern.step': entry.step,
    'postern.parent_step': entry.parent_step,
    'postern.gateway': entry.gateway,
    'postern.key': entry.key,
    'postern.finish': entry.finish,
    'postern.overhead_ms': entry.overhead_ms,
  })
}

/** The attributes that all attempts of a call have in common. */
export function attributesOfAttempts(entry: LedgerEntry): Attributes {
  return defined({
    'gen_ai.operation.name': operationOf(entry.path),
    'gen_ai.request.model': entry.model_requested,
    'postern.workflow': entry.workflow,
    'postern.step': entry.step,
    'postern.gateway': entry.gateway,
    'postern.key': entry.key,
  })
}

/** The attributes of the last attempt, from its answer. */
export function attributesOfLastAttempt(entry: LedgerEntry): Attributes {
  return defined({
    ...attributesOfAttempts(entry),
    'gen_ai.provider.name': entry.provider ?? entry.gateway,
    'gen_ai.response.model': entry.model,
    'gen_ai.usage.input_tokens': entry.usage?.input,
    'gen_ai.usage.output_tokens': entry.usage?.output,
    'error.type': entry.code,
    'postern.attempt': entry.attempt,
    'postern.request_id': entry.request_id,
    'postern.cost': entry.cost?.amount,
    'postern.cost_unit': entry.cost?.unit,
  })
}

function defined(attributes: Readonly<Record<string, string | number | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}
