import { nameFault } from '@postern/protocol'
import { WrongUsage } from '../failure.js'

/** @throws {WrongUsage} if the answer is not one of the words. */
export function readOneOf<Word extends string>(what: string, words: readonly Word[], answer: string): Word {
  const found = words.find((word) => word === answer.toLowerCase())
  if (found === undefined) throw new WrongUsage(`"${answer}" is no ${what}. Write ${words.join(', ').replace(/, (?=[^,]*$)/, ' or ')}.`)
  return found
}

/** @throws {WrongUsage} if a configuration does not take the answer as a name. */
export function readTeam(answer: string): string {
  const fault = nameFault(answer)
  if (fault !== undefined) throw new WrongUsage(`The team ${fault}. Write a name of 1 to 256 characters that can be seen.`)
  return answer
}

/** @throws {WrongUsage} if the answer is not an http or https URL, or holds a password: the password would be written into the configuration. */
export function readUrl(answer: string): string {
  const url = URL.canParse(answer) ? new URL(answer) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new WrongUsage(`"${answer}" is no http or https URL. Write it whole, such as https://gateway.example.com/v1.`)
  if (url.username !== '' || url.password !== '')
    throw new WrongUsage('The URL names a user or a password. Leave them out: keys stand in .env.')
  return answer
}
