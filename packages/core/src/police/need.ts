/** The most that a request can use, as far as it can be told from the request. */
export interface Need {
  /** How long its text is, in bytes; no text has more tokens than bytes. */
  readonly textBytes: number
  /** Messages and tools. Each may add tokens of its own. */
  readonly entries: number
  /** Tools among them: a provider tells the model how to use them. */
  readonly tools: number
  /** Tools among them whose description the provider adds to the input: it does not stand in the request. */
  readonly toolsOfProvider: number
  /** Pictures, sounds and files that the model reads. */
  readonly media: MediaCounts
  /** How many pictures are asked for. */
  readonly picturesAsked: number
  /** The length of all its answers; `undefined`: its answer has no length in tokens. */
  readonly output: AskedOutput | undefined
  /** The member or the reason for which nothing bounds what the request uses; `undefined`: it is bounded by all of the above. */
  readonly unbounded: string | undefined
  /** Whether each answer may begin with the text of the request. */
  readonly echoes: boolean
  /** The models that it names, of which any may run. Empty: any model may. */
  readonly models: readonly string[]
}

/** Pictures, sounds and files. */
export interface MediaCounts {
  readonly image: number
  readonly audio: number
  readonly file: number
}

/** How long the answers to a request may become. */
export interface AskedOutput {
  /** The limit of each answer in tokens, if the request states one. */
  readonly limit: number | undefined
  /** How many answers are asked for. */
  readonly answers: number
  /** How many tokens of thinking each may have, if the request says so. */
  readonly thinking: number | undefined
  /** Whether the limit of an answer counts its thinking too; where it is not known to, both are set aside. */
  readonly countsThinking: boolean
}
