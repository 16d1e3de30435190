import { nameFault } from '@postern/protocol'
import { z } from 'zod'
import { fault } from './fault.js'

/** An object of settings: `strict` where unknown members are errors, `lenient` where they are passed over. */
export type Settings = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>

/** An object whose unknown members are errors; the error names the known ones, so that a near miss can be told. */
export const strict: Settings = (shape) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined) })

export const lenient = z.object as unknown as Settings

/** Whose word a name is: taken as it stands, or a problem. */
export const name = z.string().superRefine((text, context) => {
  const found = nameFault(text)
  if (found !== undefined) context.addIssue({ code: 'custom', message: fault(found, nameFix) })
})

const nameFix =
  'A name has 1 to 256 characters that can be seen, with single spaces between them, and is that name alone: nothing is trimmed or folded.'

export const alias = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, fault('is not a name', 'Use 1 to 64 letters, digits, dots, underscores and hyphens.'))

/** The name of a header, with whatever case. */
export const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, fault('is not the name of a header', 'Use 1 to 64 letters, digits and hyphens.'))

export const port = z.int().min(0).max(65_535)

/** Where a secret is. Never the secret itself: files like this one are committed, mailed and logged. */
export const secretReference = z.union([strict({ env: z.string().min(1) }), strict({ file: z.string().min(1) })], {
  error: fault('is not a reference to a secret', 'Write { env: NAME } or { file: PATH }.'),
})

export type SecretReference = z.output<typeof secretReference>

export const url = z.url({
  protocol: /^https?$/,
  error: fault('is not an http or https URL', 'Write it whole, such as https://gateway.example.com/v1.'),
})

/** Who somebody is: the three things a principal can be bound and governed by. */
export const principalFields = { user: name.optional(), team: name.optional(), project: name.optional() }
