import { holdsKey, nameFault } from '@postern/protocol'
import { z } from 'zod'
import { fault } from './fault.js'

/** Makes the schema of an object of settings. With `strict` unknown members are errors, with `lenient` they are ignored. */
export type Settings = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>

/** Unknown members are errors. The message lists the known members, so that `describeIssue` can suggest one. */
export const strict: Settings = (shape) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined) })

export const lenient = z.object as unknown as Settings

/** The name of a user, team or project: accepted unchanged, or a problem. */
export const name = z.string().superRefine((text, context) => {
  const found = nameFault(text)
  if (found !== undefined) context.addIssue({ code: 'custom', message: fault(found, nameFix) })
})

const nameFix =
  'A name has 1 to 256 characters that can be seen, with single spaces between them, and is that name alone: nothing is trimmed or folded.'

const aliasForm = /^[A-Za-z0-9._-]{1,64}$/

const noAlias = { reason: 'is not a name', fix: 'Use 1 to 64 letters, digits, dots, underscores and hyphens.' }

/** What is wrong with a name that has the form of a key. The text itself is not repeated. */
const keyAsName = {
  reason: 'has the form of a key, and a name is told to clients, logs and metrics',
  fix: 'Write a name in its place. If it is a key, look whether two columns or settings are swapped.',
}

/** Why a text cannot be the name of a key, a gateway or the like; `undefined` if it can. */
export function aliasFault(text: string): { readonly reason: string; readonly fix: string } | undefined {
  if (!aliasForm.test(text)) return noAlias
  return holdsKey(text) ? keyAsName : undefined
}

/** The name of a key, a gateway or the like. */
export const alias = z
  .string()
  .regex(aliasForm, { error: fault(noAlias.reason, noAlias.fix), abort: true })
  .refine((text) => !holdsKey(text), fault(keyAsName.reason, keyAsName.fix))

/** The name of a header, in any case. */
export const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, fault('is not the name of a header', 'Use 1 to 64 letters, digits and hyphens.'))

export const port = z.int().min(0).max(65_535)

/** A reference to a secret, never the secret itself: configuration files are committed, mailed and logged. */
export const secretReference = z.union([strict({ env: z.string().min(1) }), strict({ file: z.string().min(1) })], {
  error: fault('is not a reference to a secret', 'Write { env: NAME } or { file: PATH }.'),
})

export type SecretReference = z.output<typeof secretReference>

export const url = z.url({
  protocol: /^https?$/,
  error: fault('is not an http or https URL', 'Write it whole, such as https://gateway.example.com/v1.'),
})

/** The three fields of a principal, each with its meaning. */
export function principalFields(meanings: Readonly<Record<'user' | 'team' | 'project', string>>) {
  return {
    user: name.optional().describe(meanings.user),
    team: name.optional().describe(meanings.team),
    project: name.optional().describe(meanings.project),
  }
}

/** The meanings where they are matched: in a binding, or a rule. */
export const whomItIsFor = {
  user: 'the user that it is for',
  team: 'the team that it is for',
  project: 'the project that it is for',
}
