/**
 * The public internet, served from the test runner's process: only pages that a test published.
 * Tests run inside workerd, so they control it over HTTP on a reserved host.
 */
const CONTROL = 'https://internet.test'

interface Page {
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Serves this many bytes in place of `body`. */
  bytes?: number
  delayMs?: number
}

/** Called once per runtime, because runtimes run in parallel. Files that share one clear it. */
export function connectInternet(): (request: Request) => Promise<Response> {
  const pages = new Map<string, Page>()
  let requests: string[] = []
  return async (request) => {
    const { origin, pathname, searchParams } = new URL(request.url)
    if (origin !== CONTROL) {
      requests.push(request.url)
      return servePage(pages.get(request.url))
    }
    if (request.method === 'DELETE') {
      pages.clear()
      requests = []
    }
    if (request.method === 'PUT') pages.set(searchParams.get('url') ?? '', await request.json())
    return Response.json(pathname === '/asked' ? requests : {})
  }
}

async function servePage(page: Page | undefined): Promise<Response> {
  if (page === undefined) return new Response('nothing here', { status: 404 })
  const {
    status = 200,
    headers = { 'content-type': 'application/json' },
    body = '',
    bytes,
    delayMs = 0,
  } = page
  // In Node, the timer of such a signal lets the process end when the tests have.
  if (delayMs > 0)
    await new Promise((resolve) => AbortSignal.timeout(delayMs).addEventListener('abort', resolve))
  return new Response(bytes === undefined ? body : 'x'.repeat(bytes), { status, headers })
}

export const publish = async (url: string, page: Page | object): Promise<void> => {
  const isPage = 'status' in page || 'body' in page || 'bytes' in page || 'delayMs' in page
  const served = isPage ? page : { body: JSON.stringify(page) }
  const target = `${CONTROL}/?url=${encodeURIComponent(url)}`
  await (await fetch(target, { method: 'PUT', body: JSON.stringify(served) })).text()
}

/** Every address requested since the last `clearTheInternet`, in order. */
export const requestedUrls = async (): Promise<string[]> => (await fetch(`${CONTROL}/asked`)).json()

export const clearInternet = async (): Promise<void> => {
  await (await fetch(CONTROL, { method: 'DELETE' })).text()
}
