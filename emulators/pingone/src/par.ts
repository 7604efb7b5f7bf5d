import { json, refuse, type Answer } from './answer.ts'
import { checkRequest, describeRequest } from './authorization-request.ts'
import { refuseStranger } from './client-auth.ts'
import { one } from './parameters.ts'
import { randomText } from './random.ts'
import type { Visit } from './visit.ts'

const requestSeconds = 60
const notRequest = ['client_secret', 'client_assertion', 'client_assertion_type']

/** POST /par (RFC 9126): the same checks as /authorize, answered to the application instead of the browser. */
export async function pushRequest(visit: Visit): Promise<Answer> {
  const { parameters, correlationId, settings, store, nowSeconds } = visit
  const stranger = await refuseStranger(visit)
  if (stranger) return stranger
  if (one(parameters, 'request_uri') !== undefined) {
    return refuse('invalid_request', 'request_uri is not allowed here', correlationId)
  }
  const pushed = [...parameters].filter(([name]) => !notRequest.includes(name))
  if (!parameters.has('client_id')) pushed.push(['client_id', settings.clientId])
  const checked = checkRequest(visit, new URLSearchParams(pushed))
  if (checked.kind !== 'good') return refuse(checked.error, checked.description, correlationId)
  const requestUri = `urn:ietf:params:oauth:request_uri:${randomText()}`
  store.pushed.put(requestUri, { parameters: pushed, expiresAtSeconds: nowSeconds + requestSeconds })
  const body = { request_uri: requestUri, expires_in: requestSeconds }
  return json(body, `pushed: ${describeRequest(checked.request)}`, 201)
}

/** The parameters behind a `request_uri`, once. */
export function takePushed({ store, nowSeconds }: Visit, requestUri: string): URLSearchParams | undefined {
  const pushed = store.pushed.get(requestUri)
  store.pushed.delete(requestUri)
  if (!pushed || pushed.expiresAtSeconds <= nowSeconds) return undefined
  return new URLSearchParams(pushed.parameters.map(([name, value]): [string, string] => [name, value]))
}
