/** What a second attempt repairs: a missing `DPoP-Nonce`, the clock of the proof, or a session token that is over. */
export type Mend = 'nonce' | 'time' | 'token'

/** One attempt: its answer, and what a second one would repair; `undefined`: nothing. */
export type Attempt = () => Promise<readonly [answer: Response, mend: Mend | undefined]>

/** Repeats the attempt while it names something to repair, each `Mend` once: four attempts at most. */
export async function mendAttempts(attempt: Attempt): Promise<Response> {
  for (const tried = new Set<Mend | undefined>([undefined]); ; ) {
    const [answer, mend] = await attempt()
    if (tried.has(mend)) return answer
    tried.add(mend)
    // This answer is not used: its unread body would keep a connection open.
    answer.body?.cancel().catch(() => {})
  }
}
