import { isRecord } from './said.js'

/** What gateways call refusals that have a status of their own, by letters alone. */
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
 * Which status of 400 to 499 an error means that came under a status of success: the one that it says, or the one of its
 * name. `undefined` where it means none: then something failed.
 */
export function statusSaid(body: unknown): number | undefined {
  if (!isRecord(body)) return undefined
  const said = isRecord(body['error']) ? [body['error'], body] : [body]
  for (const object of said) {
    for (const name of numbers) {
      const status = Number(object[name] ?? Number.NaN)
      if (Number.isInteger(status) && status >= 400) return status < 500 ? status : undefined
    }
  }
  for (const object of said) {
    for (const name of texts) {
      const text = object[name]
      const status =
        typeof text === 'string'
          ? statusOfName.get(
              text
                .slice(0, 64)
                .replaceAll(/[^a-z]/gi, '')
                .toLowerCase(),
            )
          : undefined
      if (status !== undefined) return status
    }
  }
  return typeof body['error'] === 'string'
    ? statusOfName.get(
        body['error']
          .slice(0, 64)
          .replaceAll(/[^a-z]/gi, '')
          .toLowerCase(),
      )
    : undefined
}
