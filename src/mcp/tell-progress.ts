import type { CallContext } from '#catalog/tool-context.ts'

interface ProgressNotification {
  method: 'notifications/progress'
  params: { progressToken: string | number; progress: number; total: number }
}

/** MCP 2026-07-28 Progress: only for a caller who gave a token, and about its call. */
export function tellProgress(
  meta: { progressToken?: string | number | undefined } | undefined,
  notify: (notification: ProgressNotification) => Promise<void>,
): CallContext['progress'] | undefined {
  const progressToken = meta?.progressToken
  if (progressToken === undefined) return undefined
  return (progress, total) => {
    // Who is gone need not be told; the call goes on or not for reasons of its own.
    void notify({ method: 'notifications/progress', params: { progressToken, progress, total } }).catch(
      () => {},
    )
  }
}
