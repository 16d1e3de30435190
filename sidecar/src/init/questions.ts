import { createInterface } from 'node:readline'
import { Failure } from '../failure.js'

/** A question, and what its answer means. */
export interface Question<Answer> {
  readonly text: string
  /** The answer that an empty line means; `undefined`: the person must type an answer. */
  readonly unset: string | undefined
  /** @throws {Failure} if the answer cannot be used; then the person is asked again. */
  readonly read: (answer: string) => Answer
}

/** Asks a person. */
export interface Questions {
  ask<Answer>(question: Question<Answer>): Promise<Answer>
  close(): void
}

/** Asks a person at a terminal, who may type ahead. A terminal that is closed, by Ctrl-C or Ctrl-D, fails the question. */
export function openQuestions(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Questions {
  const terminal = createInterface({ input, output })
  const lines = terminal[Symbol.asyncIterator]()
  return {
    async ask({ text, unset, read }) {
      for (;;) {
        terminal.setPrompt(`${text}${unset === undefined ? '' : ` [${unset}]`}: `)
        terminal.prompt()
        const { done, value: typed } = await lines.next()
        if (done === true) throw new Failure('Nothing is written.')
        try {
          return read(typed.trim() === '' ? (unset ?? '') : typed.trim())
        } catch (error) {
          if (!(error instanceof Failure)) throw error
          output.write(`${error.message}\n`)
        }
      }
    },
    close: () => terminal.close(),
  }
}
