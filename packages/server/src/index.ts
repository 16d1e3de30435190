export {
  createSessionMinter,
  type MintedSession,
  type MintRequest,
  type PublicKeySet,
  type SessionMinter,
  type SessionMinterOptions,
} from './session-minter.js'
