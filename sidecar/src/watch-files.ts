import { fileState } from './file-state.js'

/** How often the files are looked at, in milliseconds. A change is told once the file was the same at two looks. */
const lookMs = 1000

/** A watch over files. */
export interface Watch {
  stop(): void
}

export interface WatchOptions {
  /** The files to look at now; they may be others after a reload. */
  readonly files: () => readonly string[]
  /** What a file was when what is known of it was read, as {@link fileState} says; `undefined`: it was not read. */
  readonly stateKnown: (file: string) => string | undefined
  /** Reads the files. */
  readonly changed: () => void
}

/**
 * Looks at files once a second, and calls `changed` when one is another than is known, and is not being written any more. If it
 * stays unknown, because what was read could not be taken, it is told again once it is yet another. Polls, since events of the
 * file system do not tell of network drives, nor of links that are turned to another folder, as in a mounted Kubernetes secret.
 */
export function watchFiles({ files, stateKnown, changed }: WatchOptions): Watch {
  let seen: ReadonlyMap<string, string> = new Map()
  let told: ReadonlyMap<string, string> = new Map()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function look(): Promise<void> {
    const states = await Promise.all([...new Set(files())].map(async (file): Promise<[string, string]> => [file, await fileState(file)]))
    if (stopped) return
    const unknown = states.filter(([file, state]) => state !== stateKnown(file))
    const settled = unknown.filter(([file, state]) => state === seen.get(file))
    const isNews = settled.some(([file, state]) => state !== told.get(file))
    seen = new Map(states)
    told = new Map(settled)
    if (isNews) changed()
    timer = setTimeout(look, lookMs).unref()
  }

  void look()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
