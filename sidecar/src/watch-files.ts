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
  /** What a file was just before it was last read, as {@link fileState} says; `undefined`: it was not read. */
  readonly stateWhenRead: (file: string) => string | undefined
  /** Reads the files. */
  readonly changed: () => void
}

/**
 * Looks at files once a second, and calls `changed` when one is another than it was when it was read, and is not being written
 * any more. Polls, since events of the file system do not tell of network drives, nor of links that are turned to another
 * folder, as in a mounted Kubernetes secret.
 */
export function watchFiles({ files, stateWhenRead, changed }: WatchOptions): Watch {
  let seen: ReadonlyMap<string, string> = new Map()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function look(): Promise<void> {
    const now = new Map(await Promise.all(files().map(async (file): Promise<[string, string]> => [file, await fileState(file)])))
    if (stopped) return
    const isChanged = [...now].some(([file, state]) => state !== stateWhenRead(file) && state === seen.get(file))
    seen = now
    if (isChanged) changed()
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
