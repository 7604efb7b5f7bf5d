/** A text of ours that pages link to. It changes only with a deploy, so a browser may keep it for an hour. */
export const staticAsset = (text: string, type: string): Response =>
  new Response(text, {
    headers: {
      'Content-Type': `${type}; charset=utf-8`,
      'Cache-Control': 'public, max-age=3600',
      'X-Content-Type-Options': 'nosniff',
    },
  })
