import { stat } from 'node:fs/promises'

/** How often the files are looked at, in milliseconds. A change is told once the files were the same at two looks. */
const lookMs = 1000

/** A watch over files. */
export interface Watch {
  stop(): void
}

/** What each file is now, by its path: equal texts for a file that was not written. */
type States = ReadonlyMap<string, string>

/**
 * Looks at files once a second, and calls `changed` when one was written, replaced, created or removed, and is not being
 * written any more. Polls, since events of the file system do not tell of network drives, nor of links that are turned to
 * another folder, as in a mounted Kubernetes secret.
 *
 * @param files The files to look at now; they may be others after a change.
 */
export function watchFiles(files: () => readonly string[], changed: () => void): Watch {
  let known: States = new Map()
  let seen: States = known
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function look(): Promise<void> {
    const now = await statesOf(files())
    if (stopped) return
    const isSettled = !differ(seen, now)
    seen = now
    if (isSettled && differ(known, now)) {
      changed()
      known = now
      // What was read just now may name other files.
      seen = await statesOf(files())
    }
    // A file that is looked at for the first time was read a moment ago.
    known = new Map([...seen].map(([file, state]) => [file, known.get(file) ?? state]))
    if (!stopped) timer = setTimeout(look, lookMs).unref()
  }

  void look()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Whether a file that both know is another one now. */
function differ(before: States, now: States): boolean {
  return [...now].some(([file, state]) => before.has(file) && before.get(file) !== state)
}

async function statesOf(files: readonly string[]): Promise<States> {
  const states = files.map(async (file): Promise<[string, string]> => {
    try {
      const { dev, ino, size, mtimeMs } = await stat(file)
      return [file, `${dev} ${ino} ${size} ${mtimeMs}`]
    } catch (error) {
      return [file, String((error as NodeJS.ErrnoException).code)]
    }
  })
  return new Map(await Promise.all(states))
}
