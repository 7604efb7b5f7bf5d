import type { CallContext } from '#catalog/tool-context.ts'

interface ProgressNotification {
  method: 'notifications/progress'
  params: { progressToken: string | number; progress: number; total: number }
}

/** MCP 2026-07-28 Progress: reports progress; undefined without a progress token. */
export function tellProgress(
  meta: { progressToken?: string | number | undefined } | undefined,
  notify: (notification: ProgressNotification) => Promise<void>,
): CallContext['progress'] | undefined {
  const progressToken = meta?.progressToken
  if (progressToken === undefined) return undefined
  return (progress, total) => {
    // A client that disconnected is not an error of the call.
    void notify({ method: 'notifications/progress', params: { progressToken, progress, total } }).catch(
      () => {},
    )
  }
}
