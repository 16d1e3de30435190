import { userInfo } from 'node:os'

/** The user of the operating system, as this process claims it; in a container, possibly only a number. */
export function operatorName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
