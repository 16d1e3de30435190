import { Refusal } from '@postern/ports'

/** The refusal that a call throws. Any other end of the call is an error. */
export function refusalOf(call: () => unknown): Refusal {
  let made: unknown
  try {
    made = call()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error(`The call was not refused; it gave ${JSON.stringify(made)}.`)
}
