/** What every session token says, whoever mints it and whoever checks it. */
export const sessionToken = {
  algorithm: 'HS256',
  audience: 'postern',
  type: 'postern-session+jwt',
} as const
