import type { Endpoints } from '../endpoint.js'
import { agentEndpoints } from './agents.js'
import { answerEndpoints } from './answers.js'
import { objectEndpoints } from './objects.js'

/** All endpoints of the OpenAI API, except those that mint credentials or administer an account. */
export const openaiEndpoints = { ...answerEndpoints, ...objectEndpoints, ...agentEndpoints } as const satisfies Endpoints
