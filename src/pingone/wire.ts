import * as oauth from 'oauth4webapi'
import { boundedFetch, type Fetch, TooLargeError } from '#lib/bounded-fetch.ts'
import { log } from '#lib/log.ts'
import { ok, type Result } from '#lib/result.ts'
import { traceHeaders, TRANSACTION_HEADER } from '#lib/trace.ts'
import { problemOf, problemOfRequest, type PingOneProblem } from './problems.ts'

/**
 * PingOne documents no bound for its token answers: an id token has what the administrator maps into it, and a name for
 * each group. One mebibyte, as much as PingOne itself reads of a request, has room for about ten thousand groups with
 * names of 70 characters. A token of that size is read once in a login and not stored. Documents and key sets are a few
 * kilobytes for every user.
 */
const MAX_POST_ANSWER_BYTES = 1024 * 1024
const MAX_GET_ANSWER_BYTES = 256 * 1024

/** What every request to PingOne is sent with: our bounded fetch, and whether plain http may be spoken at all. */
interface Asked {
  method: string
  headers: Record<string, string>
  body?: URLSearchParams | undefined
}

export interface Wire {
  fetch: Fetch
  options: {
    [oauth.customFetch]: (url: string, request: Asked) => Promise<Response>
    /** oauth4webapi refuses plain http unless told otherwise; config.ts lets it be http only on this machine. */
    // oxlint-disable-next-line typescript/no-deprecated -- marked so to stand out; a loopback issuer alone turns it on
    [oauth.allowInsecureRequests]: boolean
  }
}

export function makeWire(fetch: Fetch, deadlineMs: number, issuer: string): Wire {
  const bounded: Fetch = async (input, init) => {
    const request = traced(new Request(input, init))
    const maxBytes = request.method === 'POST' ? MAX_POST_ANSWER_BYTES : MAX_GET_ANSWER_BYTES
    try {
      return await boundedFetch(fetch, request, { deadlineMs, maxBytes })
    } catch (error) {
      if (error instanceof TooLargeError)
        log.error('pingone.answer-too-large', { path: new URL(request.url).pathname, maxBytes })
      throw error
    }
  }
  return {
    fetch: bounded,
    options: {
      [oauth.customFetch]: (url, { method, headers, body }) =>
        bounded(url, { method, headers, body: body ?? null }),
      // oxlint-disable-next-line typescript/no-deprecated -- as above
      [oauth.allowInsecureRequests]: issuer.startsWith('http:'),
    },
  }
}

/** PingOne's audit can be searched for the id; what nobody gave one (documents, revocations) is a matter of its own. */
function traced(request: Request): Request {
  if (request.headers.has(TRANSACTION_HEADER)) return request
  for (const [name, value] of Object.entries(traceHeaders(crypto.randomUUID())))
    request.headers.set(name, value)
  return request
}

/** Sends, and gives a request that got no answer as a value. Judging the answer is another function's work. */
export async function send(request: () => Promise<Response>): Promise<Result<Response, PingOneProblem>> {
  try {
    return ok(await request())
  } catch (error) {
    // The library refuses some requests before it sends them, plain http for one.
    return error instanceof oauth.OperationProcessingError ? problemOf(error) : problemOfRequest(error)
  }
}
