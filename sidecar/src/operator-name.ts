import { userInfo } from 'node:os'

/** The user of the operating system, as this process states it; in a container it may be only a number. */
export function operatorName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
