import { stat } from 'node:fs/promises'

/** How often the files are looked at, in milliseconds. A change is told once the files were the same at two looks. */
const lookMs = 1000

/** A watch over files. */
export interface Watch {
  stop(): void
}

export interface WatchOptions {
  /** The files to look at now; they may be others after a reload. */
  readonly files: () => readonly string[]
  /** When the files were last read, in milliseconds since the epoch. */
  readonly readAt: () => number
  readonly changed: () => void
}

/** What a file is now. `id` is equal for a file that was not written; `writtenAt`: milliseconds since the epoch, 0 without a file. */
interface FileState {
  readonly id: string
  readonly writtenAt: number
}

/**
 * Looks at files once a second, and calls `changed` when one was written, replaced, created or removed, and is not being
 * written any more. Polls, since events of the file system do not tell of network drives, nor of links that are turned to
 * another folder, as in a mounted Kubernetes secret.
 */
export function watchFiles({ files, readAt, changed }: WatchOptions): Watch {
  /** What each file was when it was last read. */
  let known: ReadonlyMap<string, string> = new Map()
  let seen: ReadonlyMap<string, FileState> = new Map()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  /** For a file that is new here, only the time of its last change says whether it changed since it was read. */
  function hasChanged(file: string, { id, writtenAt }: FileState): boolean {
    const before = known.get(file)
    return before === undefined ? writtenAt > readAt() : before !== id
  }

  async function look(): Promise<void> {
    const now = await statesOf(files())
    if (stopped) return
    const isChanged = new Map([...now].map(([file, state]) => [file, hasChanged(file, state)]))
    // A file that is being written stays as it was known, so that a later look sees the change again.
    const isSettled = (file: string, { id }: FileState): boolean => seen.get(file)?.id === id
    const settled = [...now].filter(([file, state]) => isChanged.get(file) === true && isSettled(file, state))
    const kept = [...now].filter(([file, state]) => isChanged.get(file) === false || isSettled(file, state))
    known = new Map([...keepKnown(now), ...kept.map(([file, { id }]): [string, string] => [file, id])])
    seen = now
    if (settled.length > 0) changed()
    timer = setTimeout(look, lookMs).unref()
  }

  function keepKnown(now: ReadonlyMap<string, FileState>): readonly [string, string][] {
    return [...known].filter(([file]) => now.has(file))
  }

  void look()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

async function statesOf(files: readonly string[]): Promise<ReadonlyMap<string, FileState>> {
  const states = files.map(async (file): Promise<[string, FileState]> => {
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file)
      return [file, { id: `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`, writtenAt: Math.max(mtimeMs, ctimeMs) }]
    } catch (error) {
      return [file, { id: String((error as NodeJS.ErrnoException).code), writtenAt: 0 }]
    }
  })
  return new Map(await Promise.all(states))
}
