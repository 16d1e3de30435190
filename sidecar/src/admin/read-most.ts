import { Refusal } from '@postern/ports'

/**
 * Reads how many items an answer may have.
 *
 * @throws {Refusal} 400 `request_malformed` if it is no number from 1 to `largest`.
 */
export function readMost(text: string | undefined, usual: number, largest: number): number {
  if (text === undefined) return usual
  const most = Number(text)
  if (/^\d{1,6}$/.test(text) && most >= 1 && most <= largest) return most
  throw new Refusal('request_malformed', { message: `"most" is a number from 1 to ${largest}.`, param: 'most' })
}
