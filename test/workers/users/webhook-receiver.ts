import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

export const WEBHOOK_URL = 'https://siem.example.test/hooks/mcp'
export const WEBHOOK_SECRET = `whsec_${btoa('webhook-secret-of-32-characters!')}`

const Message = z.object({
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.looseObject({ id: z.string(), type: z.string() }),
})

/** One request, as its receiver sees it. */
export interface Arrival {
  url: string
  id: string | null
  text: string
  /** null: the library does not accept the signature. */
  message: z.infer<typeof Message> | null
}

/** Verifies with the library that receivers use. */
function verified(text: string, headers: Record<string, string>): Arrival['message'] {
  try {
    return Message.parse(new Webhook(WEBHOOK_SECRET).verify(text, headers))
  } catch {
    return null
  }
}

/** The receiver of one test: `answer` makes the answer to each message. */
export const receiver = {
  arrivals: [] as Arrival[],
  answer: (_arrival: Arrival): Promise<Response> | Response => new Response(null, { status: 204 }),
  reset() {
    receiver.arrivals = []
    receiver.answer = () => new Response(null, { status: 204 })
  },
  fetch: async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const text = await request.text()
    const headers = Object.fromEntries(request.headers)
    const arrival = {
      url: request.url,
      id: request.headers.get('webhook-id'),
      text,
      message: verified(text, headers),
    }
    receiver.arrivals.push(arrival)
    return receiver.answer(arrival)
  },
}
