import { waitUntil } from 'cloudflare:workers'
import { networkOf } from '#lib/addresses.ts'
import type { PresentedBearer } from '#principal.ts'
import type { EntryAnswer } from '#users/calls/entry.ts'
import { endCall } from '../calls/user-calls.ts'
import type { McpEndpointDeps } from '../deps.ts'
import type { McpProduct } from '../product.ts'
import type { Reads } from '../lists/reads.ts'
import { lineOf, methodOf } from './request-log.ts'
import { namedSession } from '../session/session-object.ts'
import { type Arrival, readArrival } from './arrival.ts'

/** A request that has entered. */
export interface Entered {
  arrival: Arrival
  answer: EntryAnswer
  grant: string
}

interface EntranceDeps extends Pick<McpEndpointDeps, 'deps' | 'settings' | 'userOf'> {
  servedOf: (env: Env) => { product: McpProduct; reads: Reads }
}

/**
 * Reads a request and enters: every check and the intent of its call, in one RPC (decision 17). The check of the bearer
 * calls `enter` before the handler runs, which finds the answer under the same request object.
 */
export function makeEntrance({ servedOf, userOf, settings, deps }: EntranceDeps) {
  const entered = new WeakMap<Request, Entered>()
  return {
    of(request: Request): Entered {
      const found = entered.get(request)
      if (found === undefined) throw new Error('a request reached a transport without entering')
      return found
    },
    /** The message of a request that was read; undefined if it was not. */
    messageOf: (request: Request): unknown => entered.get(request)?.arrival.parsed,
    enter: async (request: Request, env: Env, presented: PresentedBearer): Promise<EntryAnswer> => {
      const { user, ...bearer } = presented
      const keys = async () => (await settings(env)).requestStateKeys()
      const arrival = await readArrival(request, servedOf(env), {
        keys,
        bearer: presented,
        nowSeconds: deps.now(),
      })
      const { wanted, isSession } = arrival
      const userApi = await userOf(env, user)
      const call = wanted?.call ?? null
      const { name: tool = '', scopes = [] } = wanted?.act ?? {}
      const needs = wanted === null ? null : { scopes: [...scopes], tool, network: networkOf(request) }
      const session = isSession ? namedSession(request) : null
      try {
        const answer = await userApi.enter({ ...bearer, session, needs, call })
        entered.set(request, { arrival, answer, grant: bearer.grant })
        noteEntry(request, arrival, answer, bearer.grant)
        return answer
      } catch (error) {
        // If the call is on record, only the answer was lost: its key must not block the next try.
        if (call !== null) waitUntil(endCall(userApi, call.transaction, 'refused', null))
        throw error
      }
    },
  }
}

/** Only for an accepted bearer: the line of any other request has no word of the client's. */
function noteEntry(
  request: Request,
  { envelope, isSession, wanted, denial }: Arrival,
  { bearer, start }: EntryAnswer,
  grant: string,
): void {
  if (bearer === null) return
  const line = lineOf(request)
  line.note({ grant, client: bearer.client })
  if (denial !== null) return
  line.note({
    method: methodOf(request, envelope?.message),
    transport: isSession ? 'session' : 'stateless',
    ...(wanted === null ? {} : { name: wanted.act.name }),
  })
  if (start?.verdict !== 'ended' && start?.verdict !== 'unavailable') return
  line.note({ outcome: 'refused', transaction: wanted?.call?.transaction ?? '' })
}
