import type { Endpoints } from '../endpoint.js'
import { agentEndpoints } from './agents.js'
import { answerEndpoints } from './answers.js'
import { objectEndpoints } from './objects.js'

/** The OpenAI API, endpoint by endpoint. What mints credentials or administers an account is in no table. */
export const openaiEndpoints = { ...answerEndpoints, ...objectEndpoints, ...agentEndpoints } as const satisfies Endpoints
