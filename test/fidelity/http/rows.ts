import type { Row } from './row.js'
import { rowsOfAnswers } from './rows-of-answers.js'
import { rowsOfMeaning } from './rows-of-meaning.js'
import { rowsOfRequests } from './rows-of-requests.js'

/** Odd but legal HTTP. */
export const rows: readonly Row[] = [...rowsOfAnswers, ...rowsOfRequests, ...rowsOfMeaning]
