/**
 * Loaded inside the conformance suite, which has no option for a bearer. The suite sends requests by the global fetch, by
 * its own copy of undici and by node:http; all three publish their requests on diagnostics channels before sending.
 */
import { subscribe } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'

/** The bearer, and the only server that may receive it. */
const { CONFORMANCE_ORIGIN: origin = '', CONFORMANCE_BEARER: bearer = '' } = process.env
const value = `Bearer ${bearer}`

/** The part of undici's message used here; Node's fetch is undici. */
interface UndiciRequest {
  origin: unknown
  headers: readonly unknown[]
  addHeader(name: string, value: string): unknown
}

const isUndiciRequest = (found: unknown): found is UndiciRequest =>
  typeof found === 'object' &&
  found !== null &&
  'addHeader' in found &&
  'origin' in found &&
  'headers' in found

const isNamed = (name: unknown) => typeof name === 'string' && name.toLowerCase() === 'authorization'

subscribe('undici:request:create', (message) => {
  if (typeof message !== 'object' || message === null || !('request' in message)) return
  const { request } = message
  if (!isUndiciRequest(request) || String(request.origin) !== origin) return
  if (!request.headers.some(isNamed)) request.addHeader('authorization', value)
})

subscribe('http.client.request.created', (message) => {
  if (typeof message !== 'object' || message === null || !('request' in message)) return
  const { request } = message
  if (!(request instanceof ClientRequest)) return
  const asked = `${request.protocol}//${String(request.getHeader('host'))}`
  if (asked === origin && !request.hasHeader('authorization')) request.setHeader('authorization', value)
})
