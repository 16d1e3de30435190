/** What a program is told that asks the admin listener without a credential. A command tells its user another sentence. */
export const missingCredential = {
  message: 'The admin listener takes its secret as a Bearer token.',
  help: 'Send "Authorization: Bearer" with admin.secret, or with a credential whose hash stands under admin.credentials.',
} as const
