export {
  createSessionMinter,
  type MintedSession,
  type MintRequest,
  type SessionMinter,
  type SessionMinterOptions,
} from './session-minter.js'
