const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Aborts on the first signal, on a closed terminal, and when npm, which started us, is gone: not every shell
 * between npm and us passes a signal on. Later signals change nothing, the end is under way and has a deadline.
 */
export function whenAskedToEnd(): AbortSignal {
  const asked = new AbortController()
  const end = () => asked.abort()
  for (const signal of SIGNALS) process.on(signal, end)
  process.stdout.on('error', end)
  if (process.env['npm_lifecycle_event'] !== undefined) {
    const parent = process.ppid
    setInterval(() => process.ppid !== parent && end(), 500).unref()
  }
  return asked.signal
}

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
