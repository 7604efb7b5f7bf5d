const PART = new TextEncoder().encode('x'.repeat(100_000))

/** A body of 5 MB that does not say how long it is. */
export function endlessLooking(): ReadableStream<Uint8Array> {
  let parts = 50
  return new ReadableStream({
    pull(controller) {
      parts -= 1
      if (parts < 0) controller.close()
      else controller.enqueue(PART)
    },
  })
}

/**
 * What became of a body that nobody wants to read to its end: the status, or that the connection was closed. The proxy
 * of `wrangler dev`, which no deployment has, loses the answer of a Worker that does not wait for all of a body, and
 * says so as a 500 of its own.
 */
export async function sendFlood(
  url: string,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: string | ReadableStream<Uint8Array> },
): Promise<number | 'closed'> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      ...(typeof body === 'string' ? {} : { duplex: 'half' as const }),
    })
    const text = await response.text()
    const isOfTheProxy = response.status === 500 && text.includes('Network connection lost')
    return isOfTheProxy ? 'closed' : response.status
  } catch {
    return 'closed' // As a reset: the server was done before we were.
  }
}
