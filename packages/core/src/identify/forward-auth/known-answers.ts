import { LRUCache } from 'lru-cache'
import type { Principal } from '../../principal.js'
import type { Refusal } from '../../refusal.js'

/** Answers that are remembered, and cookies of them in all: what the memory takes grows with those. */
const rememberedAnswers = 20_000
const rememberedCookies = 60_000

/** A header with more cookies is asked about each time and never known. */
const mostCookies = 64

/**
 * How long nothing is remembered of a cookie whose change was not seen to its end, in milliseconds; and of how many:
 * no usual server works on a request for longer.
 */
const unsettledMs = 60_000
const mostUnsettled = 100_000

/** Of how many questions with one cookie it is seen whether they are of one user. */
const mostCompared = 16

/** What the backend is asked, or was. */
export interface Question {
  /** SHA-256 of all that it is asked with. */
  readonly digest: string
  /** Keys of the cookies in it. */
  readonly cookies: readonly string[]
  asked?: Promise<Principal>
  /** One that is asked once this one is answered, for whoever came after it had begun. */
  next?: Promise<Principal>
  answer?: Principal | Refusal
}

/**
 * What the backend said of cookies, for a while; and what it is asked at the moment.
 *
 * What is forgotten is forgotten of questions that are open as well: nobody who comes later joins them, and what they
 * hear is not remembered.
 */
export interface KnownAnswers {
  answerOf(digest: string): Principal | Refusal | undefined
  /** The open question, which whoever wants to ask the same may join. */
  askedOf(digest: string): Question | undefined
  /** @param cookies Keys of the cookies in the question, each once. */
  begin(digest: string, cookies: readonly string[]): Question
  /** Ends a question, and remembers what was heard for so long, in milliseconds; not at all where that is 0. */
  end(question: Question, answer: Principal | Refusal | undefined, ms: number): void
  /** Forgets whose any of the cookies with these keys is, and nothing else: who sends a request has only its own cookies to change. */
  readonly forget: (cookies: readonly string[]) => void
  /** Those of these cookies that are not known of two users. */
  readonly distinctive: (cookies: readonly string[]) => readonly string[]
  /** Forgets them and remembers nothing new of them for a while: each who comes is asked about. */
  readonly unsettle: (cookies: readonly string[]) => void
}

export function createKnownAnswers(): KnownAnswers {
  const open = new Map<string, Question>()
  /** Questions and answers by each cookie of theirs; what is not here was forgotten. */
  const byCookie = new Map<string, Set<Question>>()
  const answered = new LRUCache<string, Question>({
    max: rememberedAnswers,
    maxSize: rememberedCookies,
    sizeCalculation: ({ cookies }) => Math.max(1, cookies.length),
    dispose: leave,
  })

  const unsettled = new LRUCache<string, true>({ max: mostUnsettled, ttl: unsettledMs })

  function leave(question: Question): void {
    for (const cookie of question.cookies) {
      const questions = byCookie.get(cookie)
      if (questions?.delete(question) === true && questions.size === 0) byCookie.delete(cookie)
    }
  }

  function drop(question: Question): void {
    if (open.get(question.digest) === question) open.delete(question.digest)
    if (answered.peek(question.digest, { allowStale: true }) === question) answered.delete(question.digest)
    leave(question)
  }

  function forget(cookies: readonly string[]): void {
    for (const question of cookies.flatMap((cookie) => [...(byCookie.get(cookie) ?? [])])) drop(question)
  }

  return {
    answerOf: (digest) => answered.get(digest)?.answer,
    askedOf: (digest) => open.get(digest),
    begin(digest, cookies) {
      if (cookies.length > mostCookies || cookies.some((cookie) => unsettled.has(cookie))) return { digest, cookies: [] }
      const question: Question = { digest, cookies }
      open.set(digest, question)
      for (const cookie of question.cookies) {
        const questions = byCookie.get(cookie)
        if (questions === undefined) byCookie.set(cookie, new Set([question]))
        else questions.add(question)
      }
      return question
    },
    end(question, answer, ms) {
      if (open.get(question.digest) !== question) return
      open.delete(question.digest)
      if (answer === undefined || ms === 0) {
        leave(question)
        return
      }
      question.answer = answer
      answered.set(question.digest, question, { ttl: ms })
    },
    forget,
    distinctive: (cookies) => cookies.filter((cookie) => !isShared(byCookie.get(cookie))),
    unsettle(cookies) {
      forget(cookies)
      for (const cookie of cookies) unsettled.set(cookie, true)
    },
  }
}

function isShared(questions: Iterable<Question> = []): boolean {
  let first: string | undefined
  let compared = 0
  for (const { answer } of questions) {
    const user = answer !== undefined && 'user' in answer ? answer.user : undefined
    if (user !== undefined && first !== undefined && user !== first) return true
    first ??= user
    compared += 1
    if (compared === mostCompared) return false
  }
  return false
}
