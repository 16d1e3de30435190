export { createRuntime, openInstance, type RuntimeParts } from './create-runtime.js'
export { createFailedAttempts, type FailedAttemptsOptions } from './failed-attempts.js'
export { type PosternMiddleware, type PosternOptions, postern, posternMiddleware } from './postern.js'
export { type PageHsts, securityMiddleware } from './security-headers.js'
