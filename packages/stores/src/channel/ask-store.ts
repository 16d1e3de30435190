import type { Link } from './link.js'

/** The scope of every port: the processes of this machine that ask one and the same process. */
export const channelScope = 'machine'

/** Calls a method of a port at the process that has the store. */
export type AskStore = (port: string, method: string, ...args: readonly unknown[]) => Promise<never>

/** @param isClosed Whether the store was closed here. */
export function createAskStore(link: Link, answerMs: number, isClosed: () => boolean): AskStore {
  return (port, method, ...args) =>
    isClosed()
      ? Promise.reject(new Error('The store is closed.'))
      : (link.ask(storeQuestion, [port, method, args], answerMs) as Promise<never>)
}

/** The name of the question that calls a method of a port. */
export const storeQuestion = 'store'
