/** What another attempt would do better. */
export type Mend = 'nonce' | 'time' | 'token'

/** One attempt: its answer, and what another would do better, if anything. */
export type Attempt = () => Promise<readonly [answer: Response, mend: Mend | undefined]>

/** Tries, and tries again where that would mend something; each kind of thing once. */
export async function mendAttempts(attempt: Attempt): Promise<Response> {
  for (const tried = new Set<Mend | undefined>([undefined]); ; ) {
    const [answer, mend] = await attempt()
    if (tried.has(mend)) return answer
    tried.add(mend)
    // Nobody will read it, and it would hold a connection.
    answer.body?.cancel().catch(() => {})
  }
}
