import { textMember, type JsonRecord } from '../json-value.js'

const EXTENSIONS: Record<string, string> = { video: 'mp4', image: 'png', audio: 'mp3', voice: 'mp3', music: 'mp3' }

interface Task {
  kind: string
  model: string
  asked: number
}

/**
 * Onysoft docs, "Video API": five names for one backend that answers later. The status of a task can be read under
 * any of them.
 */
export class OnysoftTasks {
  readonly #tasks = new Map<string, Task>()

  create(kind: string, body: JsonRecord): unknown {
    const taskId = `task_${(this.#tasks.size + 1).toString(16).padStart(24, '0')}`
    this.#tasks.set(taskId, { kind, model: textMember(body, 'model') ?? '', asked: 0 })
    return { success: true, task_id: taskId, status: 'pending' }
  }

  /** `processing` at the first request for a task, `completed` from then on. */
  status(taskId: string): unknown {
    const task = this.#tasks.get(taskId)
    if (task === undefined) return undefined
    task.asked += 1
    const known = { success: true, task_id: taskId, model: task.model }
    if (task.asked === 1) return { ...known, status: 'processing' }
    return { ...known, status: 'completed', result: { url: `https://cdn.onysoft.invalid/${taskId}.${EXTENSIONS[task.kind] ?? 'bin'}` } }
  }
}
