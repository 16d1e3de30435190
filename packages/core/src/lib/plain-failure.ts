/**
 * Explains a connection's error to the operator: what is wrong and what to do. `undefined` if the error's own message is
 * good enough. OpenSSL's messages are not: they do not say that the scheme of an address, or a certificate, is wrong.
 */
export function plainFailure(error: Error): string | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (Object.hasOwn(byCode, code)) return byCode[code]
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return /alert/i.test(error.message) ? refusedHandshake : notTls
  if (code.startsWith('HPE_') && answersInTls(error)) return isTls
  return undefined
}

const notTls = 'what answers there speaks no TLS. Write http:// in place of https:// if that is meant, or the port that speaks TLS.'
const isTls = 'what answers there speaks TLS. Write https:// in place of http://.'
const refusedHandshake = 'what answers there broke off the TLS handshake; it may want a client certificate or another version of TLS.'
const unknownAuthority =
  'its certificate is signed by an authority that this process does not know. Set NODE_EXTRA_CA_CERTS to a file with the certificate of that authority, and start again.'

const byCode: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is signed by itself. Set NODE_EXTRA_CA_CERTS to a file with that certificate, and start again, if it is the one you know.',
  CERT_HAS_EXPIRED: 'its certificate has expired. Renew it there; or the clock of this machine is wrong.',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet. The clock of this machine may be wrong.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name. Write the address with a name that is in the certificate.',
  ENOTFOUND: 'there is no such host. Check how the address is written.',
}

/** Whether the peer sent a TLS alert, which answers plain HTTP: a record that begins with 0x15 0x03 (RFC 8446, 5.1). */
function answersInTls(error: Error): boolean {
  const data: unknown = 'data' in error ? error.data : undefined
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.isBuffer(data) ? data : undefined
  return bytes !== undefined && bytes[0] === 0x15 && bytes[1] === 0x03
}
