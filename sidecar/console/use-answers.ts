import { useCallback, useEffect, useState } from 'preact/hooks'
import { Fault } from './session.js'

/** The answers to the questions of a view. */
export interface Answers<Answer> {
  /** Those of before stay until the new ones are there. */
  readonly answers: Answer | undefined
  readonly fault: Fault | undefined
  /** How many questions are answered, and of how many; `undefined` while nothing is asked. */
  readonly progress: { readonly done: number; readonly of: number } | undefined
  /** Asks again. */
  readonly again: () => void
}

/**
 * Asks several questions together, again whenever `key` changes.
 *
 * @param everyMs How often to ask again, in milliseconds. Default: only when told to.
 */
export function useAnswers<const Answer extends readonly unknown[]>(
  key: string,
  ask: () => { readonly [Index in keyof Answer]: Promise<Answer[Index]> },
  everyMs?: number,
): Answers<Answer> {
  const [answers, setAnswers] = useState<{ readonly key: string; readonly answer: Answer }>()
  const [fault, setFault] = useState<Fault>()
  const [progress, setProgress] = useState<Answers<Answer>['progress']>()
  const [turn, setTurn] = useState(0)
  const again = useCallback(() => setTurn((number) => number + 1), [])

  useEffect(() => {
    let isCurrent = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const questions = ask() as readonly Promise<unknown>[]
    let done = 0
    setProgress({ done, of: questions.length })

    async function follow(question: Promise<unknown>): Promise<unknown> {
      const answer = await question
      done += 1
      if (isCurrent) setProgress({ done, of: questions.length })
      return answer
    }

    async function gather(): Promise<void> {
      try {
        const answer = (await Promise.all(questions.map(follow))) as unknown as Answer
        if (!isCurrent) return
        setAnswers({ key, answer })
        setFault(undefined)
      } catch (error) {
        if (!isCurrent) return
        setFault(error instanceof Fault ? error : new Fault('page_failed', String(error)))
      }
      setProgress(undefined)
      if (everyMs !== undefined) timer = setTimeout(again, everyMs)
    }

    void gather()
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
    // `ask` is another function each time; `key` says whether it asks for something else.
  }, [key, turn, everyMs])

  return { answers: answers?.key === key ? answers.answer : undefined, fault, progress, again }
}
