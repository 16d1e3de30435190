import { stat } from 'node:fs/promises'

/** How often the files are looked at, in milliseconds. A change is told once the files were the same at two looks. */
const lookMs = 1000

/** A watch over files. */
export interface Watch {
  stop(): void
}

/**
 * Looks at files once a second, and calls `changed` when one was written, replaced, created or removed, and is not being
 * written any more. Polls, since events of the file system do not tell of network drives, nor of links that are turned to
 * another folder, as in a mounted Kubernetes secret.
 *
 * @param files The files to look at now; they may be others after a change.
 */
export function watchFiles(files: () => readonly string[], changed: () => void): Watch {
  let known: string | undefined
  let seen: string | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function look(): Promise<void> {
    const now = await stateOf(files())
    if (stopped) return
    known ??= now
    if (now !== known && now === seen) {
      changed()
      // What the files are now was read, or is known to be refused; the files themselves may be others.
      known = undefined
    }
    seen = now
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

/** A text that changes with any of the files. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ dev, ino, size, mtimeMs }) => `${dev} ${ino} ${size} ${mtimeMs}`,
        (error: NodeJS.ErrnoException) => error.code,
      ),
    ),
  )
  return JSON.stringify([files, states])
}
