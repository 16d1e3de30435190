import { isRecord } from './said.js'

/** Names that gateways give to refusals with a status of their own; letters only, in lower case. */
const statusOfName: ReadonlyMap<string, number> = new Map(
  Object.entries({
    400: 'invalidrequesterror invalidrequest invalidargument badrequest badrequesterror validationerror contextlengthexceeded invalidprompt invalidvalue contentfilter contentpolicyviolation unsupportedvalue unsupportedparameter missingrequiredparameter stringabovemaxlength failedprecondition outofrange',
    401: 'invalidapikey authenticationerror unauthenticated unauthorized missingapikey expiredapikey',
    402: 'insufficientquota insufficientcredit insufficientcredits insufficientbalance insufficientfunds paymentrequired billingerror billingnotactive billinghardlimitreached quotaexceeded',
    403: 'permissiondenied permissionerror forbidden accessdenied',
    404: 'notfound notfounderror modelnotfound',
    413: 'requesttoolarge',
    429: 'ratelimitexceeded ratelimiterror ratelimited toomanyrequests resourceexhausted',
  }).flatMap(([status, names]) => names.split(' ').map((name): [string, number] => [name, Number(status)])),
)

const numbers = ['code', 'status', 'status_code', 'statusCode', 'http_status', 'http_code']
const texts = ['code', 'type', 'status', 'error_type']

/**
 * Returns the status of 400 to 499 that an error with an HTTP status of success stands for: the one that it holds, or
 * the one of its name. `undefined`: none, so the gateway failed.
 */
export function statusSaid(body: unknown): number | undefined {
  if (!isRecord(body)) return undefined
  const { error } = body
  const objects = isRecord(error) ? [error, body] : [body]
  for (const object of objects) {
    for (const name of numbers) {
      const status = numberIn(object[name])
      if (status !== undefined) return status < 500 ? status : undefined
    }
  }
  for (const object of objects) {
    for (const name of texts) {
      const status = statusOf(object[name])
      if (status !== undefined) return status
    }
  }
  return statusOf(error)
}

/** A status of 400 to 599, as a number or as its digits. */
function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'number' || (typeof value === 'string' && /^\d{3}$/.test(value)) ? Number(value) : Number.NaN
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined
}

function statusOf(name: unknown): number | undefined {
  if (typeof name !== 'string' || name.length > maxNameChars) return undefined
  return statusOfName.get(name.replaceAll(/[^a-z]/gi, '').toLowerCase())
}

/** Longest name of an error that is looked up, in characters. */
const maxNameChars = 64
