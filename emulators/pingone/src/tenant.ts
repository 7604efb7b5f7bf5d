import { DurableObject } from 'cloudflare:workers'
import { json, page, refuse, refuseAsPlatform, type Answer } from './answer.ts'
import { answerControl } from './control.ts'
import { findEndpoint, type Endpoint } from './endpoints.ts'
import { faultableEndpoints } from './fault-names.ts'
import { faultyAnswer, mishapHeader, mishapOf } from './fault.ts'
import { html } from './markup.ts'
import { readParameters } from './parameters.ts'
import { readSettings, type Settings } from './settings.ts'
import { openStore, readSwitches, type Store } from './store.ts'
import { count, record, shownParameters } from './timeline.ts'
import type { Visit } from './visit.ts'

/**
 * The PingOne environment: one object that holds everything, so that every answer is strongly consistent. It
 * never waits for time to pass; the Worker in front of it does that (fault.ts).
 */
export class Tenant extends DurableObject<Env> {
  readonly #settings: Settings
  readonly #store: Store

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#settings = readSettings(env)
    this.#store = openStore(ctx.storage.kv)
  }

  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === '/__emulator' || url.pathname.startsWith('/__emulator/')) {
      return (await answerControl(request, url, this.#settings, this.#store)).response
    }
    const endpoint = findEndpoint(this.#settings.environmentId, url.pathname)
    if (endpoint) return this.#answer(endpoint, request, url)
    return this.#answerUnknown(url).response
  }

  async #answer(endpoint: Endpoint, request: Request, url: URL): Promise<Response> {
    const correlationId = crypto.randomUUID()
    const switches = readSwitches(this.#store)
    count(this.#store, endpoint.name)
    const parameters = await readParameters(request, url)
    const nowMs = Date.now()
    const nowSeconds = Math.floor(nowMs / 1000)
    const visit: Visit = {
      endpoint: endpoint.name,
      request,
      url,
      parameters: parameters ?? new URLSearchParams(),
      settings: this.#settings,
      switches,
      store: this.#store,
      correlationId,
      nowSeconds,
      stampSeconds: nowSeconds + switches.clockSkewSeconds,
    }
    const fault = faultableEndpoints
      .map((name) => (name === endpoint.name ? switches.faults[name] : undefined))
      .find(Boolean)
    const { response, reason } =
      (fault && faultyAnswer(fault, correlationId)) ??
      (parameters
        ? await this.#handle(endpoint, visit)
        : refuse('invalid_request', 'The body is no form', correlationId))
    const mishap = mishapOf(fault, switches.slowMs)
    if (mishap) response.headers.set(mishapHeader, mishap)
    record(this.#store, {
      at: new Date(nowMs).toISOString(),
      endpoint: endpoint.name,
      method: request.method,
      asked: shownParameters(endpoint.name, visit.parameters),
      status: response.status,
      reason: mishap ? `${reason} (fault ${fault ?? ''})` : reason,
      correlationId,
    })
    return response
  }

  async #handle(endpoint: Endpoint, visit: Visit): Promise<Answer> {
    const handle = endpoint.handle.get(visit.request.method)
    if (!handle) return refuse('invalid_request', 'Method not allowed', visit.correlationId, { status: 405 })
    try {
      return await handle(visit)
    } catch (error) {
      // A bug of the emulator: it must show, on the page and in the terminal, and not look like PingOne.
      const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)
      return page(
        html`<!doctype html><title>Bug</title>
          <pre>Bug in the emulator: ${text}</pre>`,
        `bug: ${text}`,
        500,
      )
    }
  }

  #answerUnknown(url: URL): Answer {
    if (url.pathname.startsWith(`/${this.#settings.environmentId}/`)) {
      // M: the gateway in front of PingOne answers so for a path that it does not know.
      const message = 'Invalid key=value pair (missing equal-sign) in Authorization header'
      return json({ message }, 'unknown path', 403)
    }
    // L: what a wrong environment id gets.
    return refuseAsPlatform('NOT_FOUND', 'The environment is not known', crypto.randomUUID(), 404)
  }
}
