import { LRUCache } from 'lru-cache'
import type { Principal, Refusal } from '@postern/ports'

/** The most answers that are kept, and the most cookies of all of them: the memory used grows with both. */
const rememberedAnswers = 20_000
const rememberedCookies = 60_000

/** The answer about a `Cookie` header with more cookies than this is never kept. */
const maxCookies = 64

/**
 * How long no answer about an unsettled cookie is kept, in milliseconds: longer than usual servers work on a request.
 */
const unsettledMs = 60_000
/** The most cookies that are unsettled at once; the oldest are forgotten first. */
const maxUnsettled = 100_000

/** A question to the backend: whose are these cookies? Open, or answered. */
export interface Question {
  /** SHA-256 of all headers that the backend is asked with. */
  readonly digest: string
  /** The keys of its cookies. */
  readonly cookies: readonly string[]
  asked?: Promise<Principal>
  /** The same question, asked again after this one, for requests that came after this one was asked. */
  next?: Promise<Principal>
  answer?: Principal | Refusal
}

/** What is known about one cookie. */
interface KnownCookie {
  /** Open and answered questions with it. */
  readonly questions: Set<Question>
  /** How many of the answers name each user. */
  readonly users: Map<string, number>
}

/**
 * The memory of the backend's answers about cookies, and of the questions that are open.
 *
 * Forgetting applies to open questions too: later requests do not join them, and their answers are not kept.
 */
export interface KnownAnswers {
  answerOf(digest: string): Principal | Refusal | undefined
  /** The open question with this digest, which a request with the same question may join. */
  askedOf(digest: string): Question | undefined
  /**
   * Opens a question.
   *
   * @param cookies The keys of its cookies, each once.
   */
  begin(digest: string, cookies: readonly string[]): Question
  /** Ends a question and keeps its answer for `ms` milliseconds; does not keep it if `ms` is 0 or `answer` is `undefined`. */
  end(question: Question, answer: Principal | Refusal | undefined, ms: number): void
  /** Forgets every answer about any of these cookies. */
  readonly forget: (cookies: readonly string[]) => void
  /** The cookies among these that are not known to belong to two different users. */
  readonly distinctive: (cookies: readonly string[]) => readonly string[]
  /** Forgets every answer about these cookies, and keeps no new one for `unsettledMs`: the backend is asked each time. */
  readonly unsettle: (cookies: readonly string[]) => void
}

/** The cookies about which no answer is kept for a while, by their keys. */
export type Unsettled = LRUCache<string, true>

export function createUnsettled(): Unsettled {
  return new LRUCache<string, true>({ max: maxUnsettled, ttl: unsettledMs })
}

/** @param unsettled May be shared with other memories: the cookies' keys are the same everywhere. */
export function createKnownAnswers(unsettled: Unsettled = createUnsettled()): KnownAnswers {
  const open = new Map<string, Question>()
  const byCookie = new Map<string, KnownCookie>()
  const answered = new LRUCache<string, Question>({
    max: rememberedAnswers,
    maxSize: rememberedCookies,
    sizeCalculation: ({ cookies }) => Math.max(1, cookies.length),
    dispose: leave,
  })

  function leave(question: Question): void {
    for (const cookie of question.cookies) {
      const known = byCookie.get(cookie)
      if (known?.questions.delete(question) !== true) continue
      countUser(known, question, -1)
      if (known.questions.size === 0) byCookie.delete(cookie)
    }
  }

  function drop(question: Question): void {
    if (open.get(question.digest) === question) open.delete(question.digest)
    if (answered.peek(question.digest, { allowStale: true }) === question) answered.delete(question.digest)
    leave(question)
  }

  function forget(cookies: readonly string[]): void {
    for (const question of cookies.flatMap((cookie) => [...(byCookie.get(cookie)?.questions ?? [])])) drop(question)
  }

  return {
    answerOf: (digest) => answered.get(digest)?.answer,
    askedOf: (digest) => open.get(digest),
    begin(digest, cookies) {
      if (cookies.length > maxCookies || cookies.some((cookie) => unsettled.has(cookie))) return { digest, cookies: [] }
      const question: Question = { digest, cookies }
      open.set(digest, question)
      for (const cookie of question.cookies) {
        const known = byCookie.get(cookie)
        if (known === undefined) byCookie.set(cookie, { questions: new Set([question]), users: new Map() })
        else known.questions.add(question)
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
      for (const cookie of question.cookies) countUser(byCookie.get(cookie) as KnownCookie, question, 1)
      answered.set(question.digest, question, { ttl: ms })
    },
    forget,
    distinctive: (cookies) => cookies.filter((cookie) => (byCookie.get(cookie)?.users.size ?? 0) < 2),
    unsettle(cookies) {
      forget(cookies)
      for (const cookie of cookies) unsettled.set(cookie, true)
    },
  }
}

/** Adds the answer of a question to the users of one of its cookies, or takes it away; nothing if it names no user. */
function countUser({ users }: KnownCookie, { answer }: Question, by: 1 | -1): void {
  const user = answer !== undefined && 'user' in answer ? answer.user : undefined
  if (user === undefined) return
  const count = (users.get(user) ?? 0) + by
  if (count === 0) users.delete(user)
  else users.set(user, count)
}
