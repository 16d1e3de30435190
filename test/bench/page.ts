/** What the backend of every subject has: one small page, which also takes a form. */

/** Where it is. No subject has anything else there. */
export const pagePath = '/page'

/** About as long as the JSON answer, so that the two tables can be compared. */
export const page = Buffer.from(
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>The side door</title><h1>The side door</h1><p>${'It opens for those who hold a key. '.repeat(5)}</p></html>\n`,
)

export const form = Buffer.from(`name=Ada&${'note=a+few+words+for+whoever+reads+this&'.repeat(4)}send=yes`)
