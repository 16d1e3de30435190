/** An answer as it came to a client. */
export interface Heard {
  readonly status: number
  /** Name and value in turn. */
  readonly headers: readonly string[]
  /** Its bytes, one a character. */
  readonly body: string
}

export interface ListeningFetch {
  readonly fetch: (url: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** What came back since this was asked last, each to its end. */
  take(): Promise<Heard[]>
}

/** The fetch of this platform, which keeps what comes back beside handing it to the client. */
export function listeningFetch(): ListeningFetch {
  let heard: Promise<Heard>[] = []
  return {
    async fetch(url, init) {
      const answer = await fetch(url, init)
      const copy = answer.clone()
      heard.push(
        copy.arrayBuffer().then(
          (bytes) => ({ status: copy.status, headers: [...copy.headers].flat(), body: Buffer.from(bytes).toString('latin1') }),
          (error: unknown) => ({ status: copy.status, headers: [...copy.headers].flat(), body: `broken: ${String(error)}` }),
        ),
      )
      return answer
    },
    async take() {
      const taken = heard
      heard = []
      return await Promise.all(taken)
    },
  }
}
