const PART = new TextEncoder().encode('x'.repeat(100_000))

/** A body of 5 MB without Content-Length. */
export function streamOf5Mb(): ReadableStream<Uint8Array> {
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
 * The result of sending an oversized body: the status, or that the connection was closed. The server drops a mebibyte
 * of a refused body and then closes. The proxy of `wrangler dev`, which no deployment has, then answers 500 itself.
 */
export async function sendOversized(
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
